"""Find jobs whose worker was killed, and let them run again."""

import asyncio

import structlog
from procrastinate import App
from procrastinate.exceptions import ConnectorException, UniqueViolation
from procrastinate.jobs import Job, Status

from jobs.retries import MOST_ATTEMPTS

logger = structlog.get_logger(__name__)

HEARTBEAT_SECONDS = 4.0
"""How often a worker says that it runs."""
SILENT_SECONDS = 15.0
"""How long it may say nothing before its jobs count as interrupted."""
POLL_SECONDS = 5.0


async def resume_interrupted(app: App) -> None:
    """Look for interrupted jobs, at intervals, for ever."""
    while True:
        for job in await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=SILENT_SECONDS):
            await resume(app, job)
        await asyncio.sleep(POLL_SECONDS)


async def resume(app: App, job: Job) -> None:
    """Let one job run again, unless it has brought down its worker too often.

    If another one like it waits already, that one does the work. Several workers may find the same
    job: the first one counts.
    """
    try:
        if job.attempts + 1 >= MOST_ATTEMPTS:
            await app.job_manager.finish_job(job, Status.FAILED, delete_job=False)
        else:
            await app.job_manager.retry_job(job)
        logger.warning("job_interrupted", task=job.task_name, job_id=job.id)
    except UniqueViolation:
        await app.job_manager.finish_job(job, Status.ABORTED, delete_job=True)
    except ConnectorException:
        return  # another worker was faster
