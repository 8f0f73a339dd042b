"""Reads for the plots: decisions by day."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.db.models import Aggregate, Count, F, FloatField, Q
from django.db.models.functions import TruncDate

from realtime import clock
from reviews.decision_kinds import RECOMMENDABLE, DecisionKind
from reviews.models import Decision


class Median(Aggregate):
    """The middle value, as PostgreSQL's percentile_cont interpolates it."""

    function = "percentile_cont"
    template = "%(function)s(0.5) WITHIN GROUP (ORDER BY %(expressions)s)"
    output_field = FloatField()


DAYS = 30


@dataclass(frozen=True)
class Day:
    """The decisions of one UTC day; None if there are no data for a number.

    `agreement` is the share of approvals and rejections that equal the machine's recommendation, if
    it had one; `prevented` counts recommended merges that a person did not approve.
    """

    day: date
    counts: dict[str, int]
    median_seconds: float | None = None
    agreement: float | None = None
    prevented: int = 0

    @property
    def total(self) -> int:
        return sum(self.counts.values())


def days(count: int = DAYS) -> list[Day]:
    """Return the last `count` days up to today, including days without decisions."""
    today = clock.now().astimezone(UTC).date()
    first = today - timedelta(days=count - 1)
    found = {row["day"]: _day(row) for row in _rows(first)}
    every = (first + timedelta(days=number) for number in range(count))
    return [found.get(day) or Day(day, dict.fromkeys(DecisionKind.values, 0)) for day in every]


def _rows(first: date) -> Any:
    clear = Q(decision__in=RECOMMENDABLE, recommendation__isnull=False)
    by_kind = {kind.value: Count("pk", filter=Q(decision=kind)) for kind in DecisionKind}
    return (
        Decision.objects.standing()
        .without_awaiting()
        .filter(decided_at__gte=datetime(*first.timetuple()[:3], tzinfo=UTC))
        .annotate(day=TruncDate("decided_at", tzinfo=UTC))
        .values("day")
        .annotate(
            **by_kind,
            comparable=Count("pk", filter=clear),
            agreed=Count("pk", filter=clear & Q(decision=F("recommendation"))),
            prevented=Count(
                "pk",
                filter=Q(recommendation=DecisionKind.APPROVE) & ~Q(decision=DecisionKind.APPROVE),
            ),
            median=Median("review_seconds"),
        )
        .order_by("day")
    )


def _day(row: dict[str, Any]) -> Day:
    return Day(
        day=row["day"],
        counts={kind: row[kind] for kind in DecisionKind.values},
        median_seconds=row["median"],
        agreement=row["agreed"] / row["comparable"] if row["comparable"] else None,
        prevented=row["prevented"],
    )
