"""Defer a job unless one like it waits already."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.db import OperationalError, connection, transaction
from procrastinate.exceptions import AlreadyEnqueued
from procrastinate.tasks import Task

STARTS: list[Callable[[], object]] = []
"""Called whenever a worker begins to work, to defer what must be done then."""


def defer_once(
    task: Task[..., Any, ...],
    lock: str,
    *,
    priority: int = 0,
    at: datetime | None = None,
    **arguments: Any,
) -> bool:
    """Defer a job in the current transaction; return False if one with this `lock` waits already.

    It runs at once, or `at` a moment.

    Jobs with the same lock run one after the other. One that runs does not count as waiting: what
    it has read may be out of date already. Raise OperationalError if the database went away, and
    the current transaction is lost.
    """
    try:
        with transaction.atomic():  # a savepoint: the error would end the caller's transaction
            options: dict[str, Any] = {"lock": lock, "queueing_lock": lock, "priority": priority}
            task.configure(**options, schedule_at=at).defer(**arguments)
    except AlreadyEnqueued:
        if connection.needs_rollback:  # Django could not roll the savepoint back, and says nothing
            raise OperationalError("The transaction is lost.") from None
        return False
    return True
