"""Prometheus metrics of the reviews, read from the database: the same from every process."""

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)

from realtime.database_collector import DatabaseCollector
from realtime.snapshot import snapshot
from reviews import tally
from reviews.policies.staffing import unsatisfiable

MINUTE, HOUR, DAY = 60, 3600, 86_400
REVIEW_SECONDS = (MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR, 4 * HOUR, DAY, 3 * DAY, 7 * DAY)
"""Where the buckets of review times end, but for the 2 % that the tally's own are wide."""


class ReviewCollector(DatabaseCollector):
    subject = "the reviews"

    def read(self) -> list[Metric]:
        with snapshot():
            return [_pending(), _decisions(), _review_times(), _policies()]


def _pending() -> Metric:
    family = GaugeMetricFamily(
        "hitl_pending_reviews", "APVs that wait for a decision.", labels=["severity"]
    )
    for severity, count in tally.pending_by_severity().items():
        family.add_metric([severity], count)
    return family


def _policies() -> Metric:
    return GaugeMetricFamily(
        "hitl_policies_unsatisfiable",
        "Policies in force that the people who may decide cannot satisfy.",
        value=len(unsatisfiable()),
    )


def _decisions() -> Metric:
    family = CounterMetricFamily("hitl_decisions", "Decisions that were made.", labels=["decision"])
    made = [*tally.decided(), *tally.retracted()]
    for kind, count in tally.decided_by_kind(made).items():
        family.add_metric([kind], count)
    return family


def _review_times() -> Metric:
    counts = tally.time_buckets()

    def up_to(last: int) -> int:
        return sum(count for bucket, count in counts.items() if bucket <= last)

    ends = [tally.bucket_of(seconds) for seconds in REVIEW_SECONDS]
    buckets = [(f"{tally.end_of(last):.1f}", up_to(last)) for last in ends]
    return HistogramMetricFamily(
        "hitl_review_seconds",
        "From an APV's creation to a decision on it.",
        buckets=[*buckets, ("+Inf", sum(counts.values()))],
        sum_value=tally.seconds_of_review(),
    )
