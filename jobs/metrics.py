"""Prometheus metrics of jobs, read from the database: the same from every process."""

from django.db import connection
from prometheus_client.core import GaugeMetricFamily, Metric

from jobs.interrupted import SILENT_SECONDS
from realtime.database_collector import DatabaseCollector

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


class JobCollector(DatabaseCollector):
    subject = "jobs"

    def read(self) -> list[Metric]:
        return [_jobs(), _oldest(), _workers()]


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
