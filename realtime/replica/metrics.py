"""Metrics of the replica, which is asked on each scrape."""

import contextlib
import math

from django.conf import settings
from prometheus_client.core import GaugeMetricFamily, Metric

from realtime.database_collector import DatabaseCollector
from realtime.replica.freshness import lag
from realtime.replica.reading import FAILURES
from realtime.replica.routing import is_configured


class ReplicaCollector(DatabaseCollector):
    """Says whether the replica may be read, and how far it lags; nothing without one."""

    subject = "the replica"

    def read(self) -> list[Metric]:
        if not is_configured():
            return []
        seconds = math.nan
        with contextlib.suppress(*FAILURES):
            seconds = lag()
        fit = GaugeMetricFamily("hitl_replica_fit", "1 if the replica may be read, else 0.")
        fit.add_metric([], seconds <= settings.DATABASE_REPLICA_MAX_LAG_SECONDS)
        lags = GaugeMetricFamily("hitl_replica_lag_seconds", "How far the replica lags at most.")
        lags.add_metric([], seconds)
        return [fit, lags]
