"""What changed on an APV since a reviewer read it.

The page carries a summary of what it shows; when the reviewer sends it back, the page shows what is
different now.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from reviews.console import sent_json
from reviews.console.apv_fields import GROUPS, LABELS
from reviews.models import APV

BRIEF = 80
"""Longer values are carried as a digest: that they changed can be said, from what cannot."""
OF_ROUND = ("approvals", "approvals_needed")
"""How many have approved is shown where people decide, and changes nothing that they read."""
UNSAID = frozenset(["version", "updated_at", "due_at", "pull_request", "forge_warnings", *OF_ROUND])
FIELDS = [name for _, names in GROUPS for name in names if name not in UNSAID]


@dataclass(frozen=True)
class Difference:
    """A changed field; `before` and `after` are None if they are too long to show."""

    label: Any
    before: str | None
    after: str | None


def seen(apv: APV) -> str:
    """Return a summary of what the page shows of `apv`, as JSON."""
    return json.dumps({name: _brief(apv, name) for name in FIELDS}, separators=(",", ":"))


def differences(apv: APV, text: str) -> list[Difference]:
    """Return what differs on `apv` from `seen`'s summary; nothing if `text` is not one."""
    try:
        before = sent_json.read(text)
    except (ValueError, RecursionError):
        return []
    if not isinstance(before, dict):
        return []
    known = [name for name in FIELDS if name in before]
    return _differing((name, before[name], _brief(apv, name)) for name in known)


def between(before: APV, now: APV, names: Iterable[str]) -> list[Difference]:
    """Return what differs between two states of an APV, of the fields in `names`."""
    return _differing((name, _brief(before, name), _brief(now, name)) for name in names)


def _differing(values: Iterable[tuple[str, Any, str]]) -> list[Difference]:
    """Return the fields of which the values before and now differ."""
    return [
        Difference(LABELS[name], _shown(old), _shown(new))
        for name, old, new in values
        if old != new
    ]


def _brief(apv: APV, name: str) -> str:
    value = getattr(apv, name)
    if choice := getattr(apv, f"get_{name}_display", None):
        return str(choice() or "")
    text = "" if value is None else value if isinstance(value, str) else _as_json(value)
    return text if len(text) <= BRIEF else f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def _as_json(value: Any) -> str:
    return json.dumps(value, default=str, ensure_ascii=False, sort_keys=True)


def _shown(brief: Any) -> str | None:
    return None if not isinstance(brief, str) or brief.startswith("sha256:") else brief or "–"
