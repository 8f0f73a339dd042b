"""Placeholders in a justification, each filled in with what an APV has in that place."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from accounts.names import display_name
from reviews.models import APV

UNKNOWN = "?"
"""Stands where an APV has nothing to fill in."""
PLACEHOLDER = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True)
class Placeholder:
    """What `{name}` in a text stands for."""

    label: Any
    value: Callable[[APV, Any], Any]


PLACEHOLDERS = {
    "code": Placeholder(_("the code of the APV"), lambda apv, by: apv.apv_code),
    "package": Placeholder(_("the package"), lambda apv, by: apv.package_name),
    "version": Placeholder(_("the vulnerable version"), lambda apv, by: apv.package_version),
    "fixed_version": Placeholder(_("the fixed version"), lambda apv, by: apv.fixed_version),
    "cve": Placeholder(_("the CVE"), lambda apv, by: apv.cve_id),
    "severity": Placeholder(_("the severity"), lambda apv, by: apv.get_severity_display()),
    "pr": Placeholder(_("the number of the pull request"), lambda apv, by: apv.pr_number),
    "reviewer": Placeholder(_("who decides"), lambda apv, by: display_name(by)),
}


def filled_in(text: str, apv: APV, by: Any) -> str:
    """Return `text` with its placeholders filled in for `apv` and the reviewer `by`.

    What is filled in is not read again, and other braces stay as they are.
    """

    def value(found: re.Match[str]) -> str:
        place = PLACEHOLDERS.get(found[1])
        return found[0] if place is None else str(place.value(apv, by) or UNKNOWN)

    return PLACEHOLDER.sub(value, text)


def has_placeholders(text: str) -> bool:
    return any(name in PLACEHOLDERS for name in PLACEHOLDER.findall(text))


def unknown_in(text: str) -> list[str]:
    """Return what looks like a placeholder in `text`, and is none."""
    return [f"{{{name}}}" for name in PLACEHOLDER.findall(text) if name not in PLACEHOLDERS]
