"""What changed on an APV since a reviewer read it.

The page carries what it shows in brief; whoever comes back with it learns what is different now.
"""

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from reviews.console import sent_json
from reviews.console.apv_fields import GROUPS, LABELS
from reviews.models import APV

BRIEF = 80
"""Longer values are carried as a digest: that they changed can be said, from what cannot."""
UNSAID = frozenset(["version", "updated_at"])
FIELDS = [name for _, names in GROUPS for name in names if name not in UNSAID]


@dataclass(frozen=True)
class Difference:
    """A field that changed; `before` and `after` are None where they are too long to show."""

    label: Any
    before: str | None
    after: str | None


def seen(apv: APV) -> str:
    """What the page shows of `apv`, in brief, as JSON."""
    return json.dumps({name: _brief(apv, name) for name in FIELDS}, separators=(",", ":"))


def differences(apv: APV, text: str) -> list[Difference]:
    """What is different on `apv` from what `seen` gave before; nothing where `text` is no such."""
    try:
        before = sent_json.read(text)
    except (ValueError, RecursionError):
        return []
    if not isinstance(before, dict):
        return []
    now = {name: _brief(apv, name) for name in FIELDS}
    return [
        Difference(LABELS[name], _shown(before[name]), _shown(now[name]))
        for name in FIELDS
        if name in before and before[name] != now[name]
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
