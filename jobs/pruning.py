"""Delete jobs that failed long ago. Those that succeeded are deleted at once."""

from django.db import connection

PRUNE = """
DELETE FROM procrastinate_jobs WHERE status NOT IN ('todo', 'doing') AND id IN (
    SELECT job_id FROM procrastinate_events GROUP BY job_id
    HAVING max(at) < now() - make_interval(days => %s)
)
"""


def prune_failed(*, days: int) -> int:
    """Delete jobs that have ended more than `days` ago; return how many."""
    with connection.cursor() as cursor:
        cursor.execute(PRUNE, [days])
        return int(cursor.rowcount)
