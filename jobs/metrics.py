"""Prometheus metrics of jobs, read from the database: the same from every process."""

import logging
from collections.abc import Iterator

from django.db import DatabaseError, InterfaceError, connection
from prometheus_client.core import GaugeMetricFamily, Metric

from jobs.interrupted import SILENT_SECONDS

logger = logging.getLogger(__name__)

STATES = {"todo": "waiting", "doing": "running", "failed": "failed"}
"""procrastinate's words, and ours. Jobs that succeed are deleted."""
COUNTS = "SELECT status::text, count(*) FROM procrastinate_jobs GROUP BY status"
OLDEST = """
SELECT extract(epoch FROM now() - min(coalesce(job.scheduled_at, event.at)))
FROM procrastinate_jobs AS job
JOIN procrastinate_events AS event ON event.job_id = job.id AND event.type = 'deferred'
WHERE job.status = 'todo' AND (job.scheduled_at IS NULL OR job.scheduled_at <= now())
"""
WORKERS = """
SELECT count(*) FROM procrastinate_workers
WHERE last_heartbeat > now() - make_interval(secs => %s)
"""


class JobCollector:
    """Reads the numbers on each scrape; without a database there are none."""

    def collect(self) -> Iterator[Metric]:
        try:
            found = [_jobs(), _oldest(), _workers()]
        except (DatabaseError, InterfaceError) as error:
            logger.warning("The numbers of jobs cannot be read: %s", error)
            return
        yield from found


def count_workers() -> int:
    """Return how many workers have said lately that they run."""
    return int(_one_value(WORKERS, SILENT_SECONDS) or 0)


def _jobs() -> Metric:
    family = GaugeMetricFamily("hitl_jobs", "Jobs that have not succeeded.", labels=["state"])
    with connection.cursor() as cursor:
        cursor.execute(COUNTS)
        found = dict(cursor.fetchall())
    for status, state in STATES.items():
        family.add_metric([state], found.get(status, 0))
    return family


def _oldest() -> Metric:
    return GaugeMetricFamily(
        "hitl_job_oldest_seconds",
        "How long ago the oldest waiting job should have begun.",
        value=float(_one_value(OLDEST) or 0),
    )


def _workers() -> Metric:
    return GaugeMetricFamily("hitl_job_workers", "Processes that run jobs.", value=count_workers())


def _one_value(sql: str, *parameters: float) -> float | None:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        value: float | None = cursor.fetchone()[0]
    return value
