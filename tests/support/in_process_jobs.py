"""Jobs run in the test's own process and transaction, at the test's own time.

A job that is killed runs again later, as that of a worker that was killed.
"""

import json
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

from django.db import DatabaseError, connection
from procrastinate.contrib.django import app

from forges.errors import ForgeError
from tests.support.steps import told_of_steps

FOUND_AFTER = timedelta(seconds=20)
"""How long it takes until another worker finds the job of one that was killed."""
DUE = """
SELECT id, task_name, args, attempts FROM procrastinate_jobs AS job
WHERE status = 'todo' AND coalesce(scheduled_at, %s) <= %s AND NOT EXISTS (
    SELECT 1 FROM procrastinate_jobs AS other
    WHERE other.lock = job.lock AND other.status = 'todo'
    AND (-other.priority, other.id) < (-job.priority, job.id)
) ORDER BY priority DESC, id LIMIT 1
"""
"""As procrastinate fetches it: a job waits for all before it that have its lock, due or not."""
LATER = "SELECT min(scheduled_at) FROM procrastinate_jobs WHERE status = 'todo'"
FIRST = """
SELECT coalesce(scheduled_at, '-infinity') <= %s FROM procrastinate_jobs
WHERE status = 'todo' AND lock = %s ORDER BY priority DESC, id LIMIT 1
"""
BEGIN = """
UPDATE procrastinate_jobs SET status = 'doing', attempts = attempts + 1, queueing_lock = NULL
WHERE id = %s
"""
AGAIN = "UPDATE procrastinate_jobs SET status = 'todo', scheduled_at = %s WHERE id = %s"
END = "UPDATE procrastinate_jobs SET status = %s WHERE id = %s"


class Killed(DatabaseError):
    """The process ended. Django rolls back for errors of the database."""


class Jobs:
    """The queue, and a worker that runs one job at a time."""

    def run_next(self, now: datetime, dies_at: int = 0) -> bool:
        """Run the next job that is due; return whether there was one.

        `dies_at` is the number of the step before which the worker is killed.
        """
        rows = self._rows(DUE, now, now)
        for key, name, arguments, attempts in rows:
            self._rows(BEGIN, key)
            self._run(key, app.tasks[name], _parsed(arguments), attempts, now, dies_at)
        return bool(rows)

    def _run(
        self, key: int, task: Any, arguments: Any, attempts: int, now: datetime, dies_at: int
    ) -> None:
        steps = _Steps(dies_at)
        try:
            with told_of_steps(steps.reach):
                task.func(**arguments)
            steps.reach("before the end")
        except DatabaseError:  # killed, or its connection was
            self._rows(AGAIN, now + FOUND_AFTER, key)
        except ForgeError as error:
            again = task.retry_strategy.get_retry_decision(
                exception=error, job=SimpleNamespace(attempts=attempts)
            )
            if again is None:
                self._rows(END, "failed", key)
            else:
                self._rows(AGAIN, again.retry_at, key)
        else:
            self._rows(END, "succeeded", key)

    def call(self, act: Callable[[], object]) -> None:
        """Do what a job does, which may fail as the forge does."""
        with suppress(ForgeError):
            act()

    def next_at(self) -> datetime | None:
        """Return when the next job is due, None if there is none."""
        [(at,)] = self._rows(LATER)
        found: datetime | None = at
        return found

    def runs_by(self, at: datetime, lock: str) -> bool:
        """Return whether there is a job with a lock, and the first of them is due by then."""
        return self._rows(FIRST, at, lock) == [(True,)]

    def _rows(self, sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
        with connection.cursor() as cursor:
            cursor.execute(sql, parameters)
            return cursor.fetchall() if cursor.description else []


class _Steps:
    """Kills before a step. After a step nothing is different until the next one begins."""

    def __init__(self, dies_at: int) -> None:
        self._left = dies_at

    def reach(self, words: str) -> None:
        if words.startswith("before"):
            self._left -= 1
            if self._left == 0:
                raise Killed(words)


def _parsed(arguments: Any) -> Any:
    return json.loads(arguments) if isinstance(arguments, str) else arguments
