"""When a job that failed is tried again."""

from collections.abc import Callable
from datetime import datetime, timedelta

from django.db import InterfaceError, OperationalError
from procrastinate import BaseRetryStrategy, RetryDecision
from procrastinate.jobs import Job

from realtime import clock

MOST_ATTEMPTS = 10
MOST_WAITS = 100
"""How often a job runs at most, and how often if it only waits for a time that it was told."""
LONGEST_WAIT = timedelta(minutes=5)
AWAY = (OperationalError, InterfaceError)
"""What is raised if the database is away, which is no fault of a job."""


def _never(_: BaseException) -> datetime | None:
    return None


class Retries(BaseRetryStrategy):
    """Try again after 2, 4, 8 … seconds, MOST_ATTEMPTS times in all.

    `expected` are exceptions that are no fault of the code: they are logged without a traceback.
    `until` returns the time before which it makes no sense to try again, or None.
    """

    def __init__(
        self,
        expected: tuple[type[Exception], ...] = (),
        until: Callable[[BaseException], datetime | None] = _never,
    ) -> None:
        self.expected = (*expected, *AWAY)
        self._until = until

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:
        """Return when to run the job again, or None if it has failed for good."""
        told = self._until(exception)
        if job.attempts + 1 >= (MOST_WAITS if told else MOST_ATTEMPTS):
            return None
        return RetryDecision(retry_at=told or clock.now() + wait_after(job.attempts))


def wait_after(attempts: int) -> timedelta:
    """Return how long a job waits that failed after so many earlier attempts."""
    return min(timedelta(seconds=2 ** (attempts + 1)), LONGEST_WAIT)
