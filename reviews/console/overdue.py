"""The overdue APVs above the list of what needs attention, the longest overdue first."""

from dataclasses import dataclass
from typing import Any

from reviews.console.due import Due, due_of
from reviews.deadlines.attention import overdue
from reviews.models import APV

MOST_SHOWN = 10


@dataclass(frozen=True)
class OverdueAPV:
    """An overdue APV, with whom it is assigned to."""

    apv: APV

    @property
    def due(self) -> Due | None:
        return due_of(self.apv)

    @property
    def assigned_to(self) -> str:
        assignment: Any = getattr(self.apv, "assignment", None)
        return assignment.name if assignment else ""


@dataclass(frozen=True)
class Overdue:
    """The first ones, and how many there are."""

    first: list[OverdueAPV]
    total: int


def read_overdue() -> Overdue:
    """Return the overdue APVs, in two queries."""
    rows = overdue()
    beside = ("rule", "apv__assignment__user", "apv__assignment__group")
    first = rows.select_related(*beside).order_by("due_at", "pk")[:MOST_SHOWN]
    return Overdue([OverdueAPV(one.apv) for one in first], rows.count())
