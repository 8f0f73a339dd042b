"""Numbers that cost the same however many rows they count: kept by triggers, read here.

Each statement that adds, changes or deletes APVs or decisions adds to these counters in its own
transaction, whatever door it comes through. A counter is spread over slots, one of which a
connection uses: two connections rarely wait for each other.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import NamedTuple

from django.db import connection
from django.db.models import Sum

from reviews.choices import (
    Severity,
    Status,
)
from reviews.decision_kinds import RECOMMENDABLE, DecisionKind
from reviews.models import Tally

NO_OPINION = "none"
RECOMMENDED = (*RECOMMENDABLE, NO_OPINION)
"""What the machine recommended, as the counters of decisions are kept by."""


class Headline(NamedTuple):
    """The numbers that every watcher sees."""

    pending: int
    decisions: int
    decisions_on_day: int


def headline(day: date) -> Headline:
    """What is pending, what was decided, and what of that on a UTC day: in one query."""
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
    """How many APVs there are, whatever their status."""
    return sum(apvs_in(status) for status in Status.values)


def apvs_in(status: str) -> int:
    """How many APVs have a status."""
    return sum(_read(f"status:{status}:{severity}" for severity in Severity.values).values())


def decisions() -> int:
    """How many decisions there are."""
    return sum(kind.count for kind in decided())


@dataclass(frozen=True)
class Decided:
    """Decisions of one kind on what the machine recommended one thing for, or nothing."""

    decision: str
    recommendation: str
    count: int


def decided() -> list[Decided]:
    """All decisions there are, by what was decided and what the machine recommended."""
    pairs = {
        f"decided:{kind}:{said}": (kind, said)
        for kind in DecisionKind.values
        for said in RECOMMENDED
    }
    counts = _read(pairs)
    return [Decided(kind, said, counts.get(key, 0)) for key, (kind, said) in pairs.items()]


def decided_on(first: date, last: date) -> int:
    """How many decisions fell on the UTC days from `first` to `last`."""
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
    """The times of all decisions; None where there are none. The average is of microseconds."""
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
    """All review times together."""
    return _read(["review_microseconds"]).get("review_microseconds", 0) / 1e6


def time_buckets() -> dict[int, int]:
    """How many review times fall into each bucket; all in one are shorter than all in the next.

    A bucket is a fiftieth of a natural logarithm wide (2 %), so that none holds many.
    """
    times = Tally.objects.filter(key__startswith="review_time:").values_list("key")
    counted = times.annotate(total=Sum("count"))
    by_bucket = {int(key.removeprefix("review_time:")): total for key, total in counted}
    return dict(sorted(by_bucket.items()))


def bucket_of(seconds: float) -> int:
    """The bucket that a review time falls into, as reviews_time_bucket (migration 0001) says."""
    return math.floor(math.log1p(seconds) * 50)


def end_of(bucket: int) -> float:
    """The time, in seconds, that is above all in a bucket."""
    return math.expm1((bucket + 1) / 50)


def _nth(buckets: dict[int, int], rank: int) -> float:
    """The review time that `rank` others precede: found by its bucket, and its place in it."""
    for number, count in buckets.items():
        bucket = number
        if rank < count:
            break
        rank -= count
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT review_seconds FROM reviews_decision"
            " WHERE reviews_time_bucket(review_seconds) = %s"
            " ORDER BY review_seconds LIMIT 1 OFFSET %s",
            [bucket, rank],
        )
        found = cursor.fetchone()
    return float(found[0]) if found else end_of(bucket)  # a row was changed with triggers off


def _read(keys: Iterable[str]) -> dict[str, int]:
    """The counters among `keys` that were ever added to."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT key, sum(count)::bigint FROM reviews_tally WHERE key = ANY(%s) GROUP BY key",
            [list(keys)],
        )
        return dict(cursor.fetchall())
