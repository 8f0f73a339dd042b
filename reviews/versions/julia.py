"""Julia's order, https://docs.julialang.org/en/v1/manual/strings/#man-version-number-literals."""

import re
from typing import Any

from reviews.versions.errors import NotAVersion
from reviews.versions.semver import identifier_key

_IDENTIFIERS = r"[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*"
_FORM = re.compile(
    r"v?(?P<numbers>[0-9]+(?:\.[0-9]+){0,2})"
    rf"(?:(?P<dash>-)(?P<pre>{_IDENTIFIERS})?|(?P<bare>[A-Za-z][0-9A-Za-z-]*(?:\.[0-9A-Za-z-]+)*))?"
    rf"(?P<plus>\+(?P<build>{_IDENTIFIERS})?)?"
)


def key(version: str) -> Any:
    """Order as semantic versions, then by build: none, some, and last the empty one."""
    found = _FORM.fullmatch(version)
    if found is None:
        raise NotAVersion(version)
    numbers = [int(number) for number in found["numbers"].split(".")]
    numbers += [0] * (3 - len(numbers))
    pre, build = found["pre"] or found["bare"] or "", found["build"] or ""
    return (
        numbers,
        (not (pre or found["dash"]), _keys(pre)),
        (2 if found["plus"] and not build else bool(build), _keys(build)),
    )


def _keys(text: str) -> list[tuple[int, int, str]]:
    return [identifier_key(one) for one in text.split(".")] if text else []
