"""APVs and decisions as rows of their lists."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils.translation import pgettext_lazy

from accounts.names import display_name
from realtime.messages import wire_time
from reviews import selectors
from reviews.choices import PRIORITY_OF_SEVERITY, PatchStrategy, Severity
from reviews.console.due import Due, due_of
from reviews.console.filters import PRIORITY
from reviews.console.folds import Group
from reviews.console.outcomes import Outcome, outcome_of
from reviews.models import APV, Decision
from reviews.orders import QUEUE_SORTS

SHORT: dict[str, Any] = {
    PatchStrategy.VERSION_BUMP: pgettext_lazy("strategy", "Bump"),
    PatchStrategy.CODE_REWRITE: pgettext_lazy("strategy", "Rewrite"),
    PatchStrategy.CONFIG_CHANGE: pgettext_lazy("strategy", "Config"),
}
"""Strategies in a word: a row of the list is narrow."""


@dataclass(frozen=True)
class Row:
    """An APV as a row of its list, computed as it is drawn, so that each row fails by itself."""

    apv: APV
    sort: str = PRIORITY

    @property
    def order(self) -> str:
        """Return text that sorts as the list does."""
        return " ".join(_as_text(part) for part in QUEUE_SORTS[self.sort].values(self.apv))

    @property
    def since(self) -> str:
        return wire_time(self.apv.created_at)

    @property
    def waiting(self) -> str:
        return in_words(selectors.hours_waiting(self.apv))

    @property
    def claimed_by(self) -> str:
        """Return who has the APV now, "" if nobody."""
        claim = getattr(self.apv, "claim", None)
        return display_name(claim.user) if claim and claim.is_current else ""

    @property
    def assigned_to(self) -> str:
        """Return whom the APV is assigned to, "" if nobody."""
        assignment = getattr(self.apv, "assignment", None)
        return assignment.name if assignment else ""

    @property
    def due(self) -> Due | None:
        return due_of(self.apv)

    @property
    def strategy(self) -> Any:
        return SHORT[self.apv.patch_strategy]

    @property
    def confidence(self) -> int | None:
        """Return the share in percent, or None if it is unknown."""
        known = self.apv.confirmation_confidence
        return None if known is None else round(known * 100)


@dataclass(frozen=True)
class DecisionRow:
    """A decision as a row of its list, with what has become of it."""

    decision: Decision

    @property
    def pk(self) -> UUID:
        return self.decision.pk

    @property
    def apv(self) -> APV:
        return self.decision.apv

    @property
    def outcome(self) -> Outcome | None:
        return outcome_of(self.decision)


@dataclass(frozen=True)
class GroupRow:
    """A group of a folded list, and the address of its own rows."""

    group: Group
    address: str


def in_words(hours: float) -> str:
    """Return a waiting time in its two largest units; times.js uses the same words."""
    minutes = max(0, int(hours * 60))
    if minutes < 1:
        return "< 1 min"
    if minutes < 60:
        return f"{minutes} min"
    if minutes < 24 * 60:
        return f"{minutes // 60} h {minutes % 60} min"
    return f"{minutes // 1440} d {minutes % 1440 // 60} h"


def orders_of_severities() -> dict[str, str]:
    """Return the start of the order of an APV that has its severity's own priority."""
    return {severity: _as_text(-PRIORITY_OF_SEVERITY[severity]) for severity in Severity}


def _as_text(part: Any) -> str:
    """Return part of a key as text that sorts in the same order."""
    if isinstance(part, datetime):
        return wire_time(part)
    if isinstance(part, UUID):
        return str(part)
    return f"{100 + part:08.3f}"  # from -10 to 0
