"""What surrounds each job: its line in the log, and the end of its place in the queue."""

import time
from collections.abc import Callable
from typing import Any

import structlog
from django.db import connection
from procrastinate import JobContext
from procrastinate.jobs import Job
from procrastinate.retry import BaseRetryStrategy
from procrastinate.worker import Worker

from jobs.retries import AWAY, Retries

logger = structlog.get_logger(__name__)

CallNext = Callable[[], Any]


def let_another_wait(call_next: CallNext, context: JobContext, worker: Worker) -> Any:
    """Give up the job's queueing lock, as it waits no longer.

    Otherwise it could not wait again after it failed, if another one like it waits by then:
    procrastinate's unique index would refuse that, and leave the job as running for ever.
    """
    if context.job.queueing_lock:
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE procrastinate_jobs SET queueing_lock = NULL WHERE id = %s", [context.job.id]
            )
    return call_next()


def logged(call_next: CallNext, context: JobContext, worker: Worker) -> Any:
    """Log the end of a job: its task and how long it took, but no argument."""
    began = time.monotonic()
    job, retries = context.job, _retries(context)
    with structlog.contextvars.bound_contextvars(task=job.task_name, job_id=job.id):
        try:
            result = call_next()
        except Exception as error:
            _log_failure(error, job, retries, time.monotonic() - began)
            raise
        logger.info("job_finished", duration_s=round(time.monotonic() - began, 4))
        return result


def _log_failure(
    error: Exception, job: Job, retries: BaseRetryStrategy | None, seconds: float
) -> None:
    again = retries and retries.get_retry_decision(exception=error, job=job)
    expected = retries.expected if isinstance(retries, Retries) else AWAY
    write = logger.warning if again else logger.error
    write(
        "job_failed",
        error=in_a_line(error),
        attempt=job.attempts + 1,
        again=bool(again),
        duration_s=round(seconds, 4),
        exc_info=not isinstance(error, expected),
    )


def in_a_line(error: BaseException) -> str:
    """Return what an error is and the first line of what it says."""
    return f"{type(error).__name__}: {str(error).strip().partition(chr(10))[0]}"


def _retries(context: JobContext) -> BaseRetryStrategy | None:
    assert context.app
    return context.app.tasks[context.job.task_name].retry_strategy
