"""Statistics that triggers keep: reading them costs the same for any number of rows.

A decision that was taken back counts as none, and so does an approval that waits for another one.

Each statement that adds, changes or deletes APVs, decisions or retractions updates these counters
in its own transaction, through any interface. A counter is spread over slots, one of which a
connection uses, so that two connections rarely wait for each other.
"""

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import NamedTuple

from django.db import connections
from django.db.models import Sum

from realtime.replica import routing
from reviews.choices import (
    Severity,
    Status,
)
from reviews.decision_kinds import RECOMMENDABLE, DecisionKind
from reviews.models import Tally

AWAITING = f"awaiting:{DecisionKind.APPROVE}"
"""Approvals that wait, or waited, for another one, whether or not they were taken back."""
NO_OPINION = "none"
RECOMMENDED = (*RECOMMENDABLE, NO_OPINION)
"""What the machine recommended, as the counters of decisions are kept by."""


class Headline(NamedTuple):
    """The numbers that every watcher sees."""

    pending: int
    decisions: int
    decisions_on_day: int


def headline(day: date) -> Headline:
    """Return pending APVs, decisions, and those of a UTC day, in one query."""
    pending = [f"status:{Status.PENDING}:{severity}" for severity in Severity.values]
    made = [f"decided:{kind}:{said}" for kind in DecisionKind.values for said in RECOMMENDED]
    on_day = [f"decided_on:{day}:{kind}" for kind in DecisionKind.values]
    counts = _read([*pending, *made, *on_day])
    return Headline(*(sum(counts.get(key, 0) for key in keys) for keys in (pending, made, on_day)))


def pending_by_severity() -> dict[str, int]:
    counts = _read(f"status:{Status.PENDING}:{severity}" for severity in Severity.values)
    return {
        severity: counts.get(f"status:{Status.PENDING}:{severity}", 0)
        for severity in Severity.values
    }


def pending() -> int:
    return sum(pending_by_severity().values())


def apvs() -> int:
    """Return the number of APVs in any status."""
    return sum(apvs_in(status) for status in Status.values)


def apvs_in(status: str) -> int:
    """Return the number of APVs in a status."""
    return sum(_read(f"status:{status}:{severity}" for severity in Severity.values).values())


def decisions() -> int:
    """Return the number of decisions that stand."""
    return sum(kind.count for kind in decided())


def records() -> int:
    """Return the number of recorded decisions, with those that wait and that were taken back."""
    waiting = _read([AWAITING]).get(AWAITING, 0)
    return decisions() + sum(kind.count for kind in retracted()) + waiting


@dataclass(frozen=True)
class Decided:
    """Decisions of one kind on APVs with one recommendation of the machine, or none."""

    decision: str
    recommendation: str
    count: int


def decided() -> list[Decided]:
    """Return the numbers of the decisions that stand, by decision and by recommendation."""
    return _by_kind("decided")


def retracted() -> list[Decided]:
    """Return the numbers of the decisions that were taken back, as `decided` does."""
    return _by_kind("retracted")


def _by_kind(name: str) -> list[Decided]:
    pairs = {
        f"{name}:{kind}:{said}": (kind, said)
        for kind in DecisionKind.values
        for said in RECOMMENDED
    }
    counts = _read(pairs)
    return [Decided(kind, said, counts.get(key, 0)) for key, (kind, said) in pairs.items()]


def decided_by_kind(made: Iterable[Decided]) -> Counter[str]:
    """Return the numbers of decisions, by decision alone."""
    counts: Counter[str] = Counter()
    for some in made:
        counts[some.decision] += some.count
    return counts


def decided_on(first: date, last: date) -> int:
    """Return the number of decisions on the UTC days from `first` to `last`."""
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    return sum(
        _read(f"decided_on:{day}:{kind}" for day in days for kind in DecisionKind.values).values()
    )


@dataclass(frozen=True)
class ReviewTimes:
    """How long decisions took, in seconds."""

    average: float
    median: float
    fastest: float
    slowest: float


def review_times() -> ReviewTimes | None:
    """Return the times of all decisions, or None. The average is exact to microseconds."""
    buckets = time_buckets()
    total = sum(buckets.values())
    if not total:
        return None
    times = {rank: _nth(buckets, rank) for rank in (0, (total - 1) // 2, total // 2, total - 1)}
    return ReviewTimes(
        average=seconds_of_review() / total,
        median=(times[(total - 1) // 2] + times[total // 2]) / 2,
        fastest=times[0],
        slowest=times[total - 1],
    )


def seconds_of_review() -> float:
    """Return the sum of all review times."""
    return _read(["review_microseconds"]).get("review_microseconds", 0) / 1e6


def time_buckets() -> dict[int, int]:
    """Return the number of review times in each bucket; buckets are in ascending order.

    A bucket is a fiftieth of a natural logarithm wide (2 %), so that none has many.
    """
    times = Tally.objects.filter(key__startswith="review_time:").values_list("key")
    counted = times.annotate(total=Sum("count"))
    by_bucket = {int(key.removeprefix("review_time:")): total for key, total in counted}
    return dict(sorted(by_bucket.items()))


def bucket_of(seconds: float) -> int:
    """Return the bucket of a review time, as reviews_time_bucket (migration 0001) computes it."""
    return math.floor(math.log1p(seconds) * 50)


def end_of(bucket: int) -> float:
    """Return the upper limit of a bucket, in seconds."""
    return math.expm1((bucket + 1) / 50)


def _nth(buckets: dict[int, int], rank: int) -> float:
    """Return the review time with `rank` shorter ones, by its bucket and its place in it."""
    for number, count in buckets.items():
        bucket = number
        if rank < count:
            break
        rank -= count
    with connections[routing.alias()].cursor() as cursor:
        cursor.execute(
            "SELECT review_seconds FROM reviews_decision AS decision"
            " WHERE reviews_time_bucket(review_seconds) = %s"
            " AND action_taken <> 'awaiting_approval' AND NOT EXISTS (SELECT 1"
            " FROM reviews_retraction AS gone WHERE gone.decision_id = decision.decision_id)"
            " ORDER BY review_seconds LIMIT 1 OFFSET %s",
            [bucket, rank],
        )
        found = cursor.fetchone()
    return float(found[0]) if found else end_of(bucket)  # a row was changed while triggers were off


def _read(keys: Iterable[str]) -> dict[str, int]:
    """Return the counters among `keys` that exist."""
    with connections[routing.alias()].cursor() as cursor:
        cursor.execute(
            "SELECT key, sum(count)::bigint FROM reviews_tally WHERE key = ANY(%s) GROUP BY key",
            [list(keys)],
        )
        return dict(cursor.fetchall())
