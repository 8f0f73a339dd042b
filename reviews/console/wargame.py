"""The wargame's findings for a page, limited to what a reader would look at."""

import json
import math
import re
from dataclasses import dataclass
from typing import Any

from django.utils.text import capfirst
from django.utils.translation import gettext as _

from reviews.api.fields import NUMBER_MAX
from reviews.console.invisible_characters import reveal
from reviews.console.number_formats import digits

HARM = re.compile(
    r"attack|attempt|breach|bypass|compromis|crash|exploit|fail|finding|inject|leak|vulnerab",
    re.IGNORECASE,
)
"""What the keys of the evidence call things of which none should be left after the patch."""

MOST_CHANGES = 20
MOST_RESULTS = 50
MOST_OF_ONE = 2_000
"""Characters of one key or value."""
MOST_RAW = 20_000
"""Characters of the raw evidence; a file has all of it."""


@dataclass(frozen=True)
class Change:
    """A number of the wargame before and after the patch, for a plot."""

    label: str
    before: float
    after: float
    harm: bool = False
    """Whether what is counted does harm, so that each one left is one too many."""

    @property
    def tones(self) -> tuple[str, str]:
        """Return style sheet classes for the two bars; harmless ones have no colour."""
        if not self.harm:
            return "", ""
        left = "good" if not self.after else "fair" if self.after < self.before else "weak"
        return "weak" if self.before else "good", left

    @property
    def left(self) -> str:
        """Return what is left of a harm, in words, since not everybody sees the colours."""
        if not self.harm:
            return ""
        return _("not all gone") if self.after else _("none left")

    @property
    def most(self) -> float:
        return max(self.before, self.after, 1)

    @property
    def before_percent(self) -> float:
        return round(100 * (self.before / self.most), 1)

    @property
    def after_percent(self) -> float:
        return round(100 * (self.after / self.most), 1)


@dataclass(frozen=True)
class Findings:
    """The evidence of a wargame in parts; `left_out` counts the rest."""

    changes: list[Change]
    results: list[tuple[str, Any]]
    left_out: int
    raw: str
    is_whole: bool


def findings_in(evidence: Any) -> Findings:
    """Return what a page shows of the evidence, whatever was stored."""
    known = evidence if isinstance(evidence, dict) else {}
    pairs = _pairs(known)
    shown = pairs[:MOST_CHANGES]
    used = {name for pair in shown for name in pair}
    results = [
        (in_words(name)[:MOST_OF_ONE], _result(value))
        for name, value in known.items()
        if name not in used and isinstance(value, str | int | float | bool)
    ]
    raw = raw_text(evidence)
    return Findings(
        changes=[
            Change(
                in_words(_without_side(before))[:MOST_OF_ONE],
                known[before],
                known[after],
                harm=HARM.search(before) is not None,
            )
            for before, after in shown
        ],
        results=results[:MOST_RESULTS],
        left_out=max(0, len(results) - MOST_RESULTS),
        raw=raw[:MOST_RAW],
        is_whole=len(raw) <= MOST_RAW,
    )


def _result(value: Any) -> Any:
    if isinstance(value, str):
        return value[:MOST_OF_ONE]
    return digits(value) if _is_number(value) else value


def raw_text(evidence: Any) -> str:
    """Return the evidence as JSON, indented if it is short: indentation can be most of it."""
    if not evidence:
        return ""
    dense = json.dumps(evidence, ensure_ascii=False)
    text = dense if len(dense) > MOST_RAW else json.dumps(evidence, indent=2, ensure_ascii=False)
    return reveal(text if len(text) <= MOST_RAW else dense)


def in_words(name: str) -> str:
    """Return a key of the evidence as words."""
    return str(capfirst(reveal(" ".join(name.replace("_", " ").replace("-", " ").split()))))


def _pairs(evidence: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the keys of numbers that the evidence has both before and after the patch."""
    names = [(name, name.replace("before", "after")) for name in evidence if "before" in name]
    return [
        (before, after)
        for before, after in names
        if after in evidence and _is_number(evidence[before]) and _is_number(evidence[after])
    ]


def _without_side(name: str) -> str:
    return name.replace("before", "").replace("patch", "")


def _is_number(value: Any) -> bool:
    """Return whether a plot can show the value."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return 0 <= value <= NUMBER_MAX and math.isfinite(value)
