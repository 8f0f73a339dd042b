"""Prometheus metrics of deadlines, read from the database: the same from every process."""

from django.db.models import Count, Min
from prometheus_client.core import GaugeMetricFamily, Metric

from realtime import clock
from realtime.database_collector import DatabaseCollector
from realtime.snapshot import snapshot
from reviews.choices import Severity
from reviews.deadlines.attention import overdue


class DeadlineCollector(DatabaseCollector):
    subject = "the deadlines"

    def read(self) -> list[Metric]:
        with snapshot():
            return [_overdue(), _oldest()]


def _overdue() -> Metric:
    family = GaugeMetricFamily(
        "hitl_overdue_reviews", "Open APVs whose deadline has passed.", labels=["severity"]
    )
    rows = overdue().order_by().values_list("apv__severity").annotate(count=Count("*"))
    counts = dict(rows)
    for severity in Severity.values:
        family.add_metric([severity], counts.get(severity, 0))
    return family


def _oldest() -> Metric:
    now = clock.now()
    oldest = overdue().aggregate(oldest=Min("due_at"))["oldest"] or now
    return GaugeMetricFamily(
        "hitl_overdue_oldest_seconds",
        "How long ago the deadline of an open APV passed, of the one that passed first.",
        value=max(0.0, (now - oldest).total_seconds()),
    )
