"""Run jobs until told to stop, whatever happens to the database meanwhile."""

import asyncio
import contextlib
import os
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import structlog
from asgiref.sync import sync_to_async
from django.db import close_old_connections
from procrastinate import App, PsycopgConnector
from procrastinate.contrib.django import app
from procrastinate.contrib.django.db_cleanup import close_db_connections
from procrastinate.contrib.django.utils import connector_params

from jobs.deferring import STARTS
from jobs.interrupted import HEARTBEAT_SECONDS, SILENT_SECONDS, resume_interrupted
from jobs.running import in_a_line, let_another_wait, logged

logger = structlog.get_logger(__name__)

POLL_SECONDS = 1.0
"""How late a job may start that was put off, or of which PostgreSQL's notification was lost."""
FINISH_SECONDS = 8.0
"""How long running jobs may take once the worker was told to stop."""
PAUSES = (0.5, 1.0, 2.0, 5.0)
"""How long to wait before the next attempt to work, after so many that failed; then the last."""
POOL_SECONDS = 5.0


class Worker:
    """Runs `at_once` jobs at a time.

    It works again by itself when the database was away. Jobs that were interrupted are found by
    whichever worker runs then (`jobs.interrupted`).
    """

    def __init__(self, at_once: int) -> None:
        self._at_once = at_once
        self._stopping = asyncio.Event()
        self._lost_a_job = asyncio.Event()

    def stop(self) -> None:
        """Take no more jobs, and let `run` return when the running ones are done."""
        self._stopping.set()

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        loop.set_default_executor(ThreadPoolExecutor(self._at_once + 1, thread_name_prefix="jobs"))
        loop.set_exception_handler(self._note_lost_job)
        failures = 0
        while not self._stopping.is_set():
            began = loop.time()
            error = await self._until_told(self._work())
            failures = 0 if loop.time() - began > SILENT_SECONDS else failures + 1
            if not self._stopping.is_set():
                logger.warning("job_worker_starts_again", reason=_reason(error))
                pause = PAUSES[min(failures, len(PAUSES)) - 1] if failures else 0
                await self._until_told(asyncio.sleep(pause))

    async def _until_told(self, work: Awaitable[object]) -> BaseException | None:
        """Await `work`, or cancel it when this worker is told to stop; return what it raised."""
        working = asyncio.ensure_future(work)
        told = asyncio.ensure_future(self._stopping.wait())
        await asyncio.wait([working, told], return_when=asyncio.FIRST_COMPLETED)
        working.cancel()
        told.cancel()
        ended, _ = await asyncio.gather(working, told, return_exceptions=True)
        return ended if isinstance(ended, BaseException) else None

    async def _work(self) -> None:
        """Connect and run jobs, until something fails."""
        self._lost_a_job.clear()
        # What runs at times is deferred over a connection of Django's, which nothing else closes.
        await sync_to_async(close_old_connections)()
        connected = app.with_connector(_connector())
        async with connected.open_async():
            for start in STARTS:
                await sync_to_async(start, thread_sensitive=False)()
            parts: list[asyncio.Future[object]] = [
                asyncio.ensure_future(part)
                for part in (
                    self._jobs(connected),
                    resume_interrupted(connected),
                    self._lost_a_job.wait(),
                )
            ]
            try:
                done, _ = await asyncio.wait(parts, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for part in parts:
                    part.cancel()
                await asyncio.gather(*parts, return_exceptions=True)
            for part in done:
                part.result()

    async def _jobs(self, connected: App) -> None:
        await connected.run_worker_async(
            name="jobs",
            concurrency=self._at_once,
            fetch_job_polling_interval=POLL_SECONDS,
            shutdown_graceful_timeout=FINISH_SECONDS,
            update_heartbeat_interval=HEARTBEAT_SECONDS,
            stalled_worker_timeout=SILENT_SECONDS,
            install_signal_handlers=False,
            delete_jobs="successful",
            task_middleware=[close_db_connections, logged, let_another_wait],
        )

    def _note_lost_job(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Start again if the end of a job could not be recorded.

        A new worker has another id, so the job counts as interrupted, and runs again.
        """
        error = context.get("exception")
        logger.warning("job_worker_error", reason=_reason(error) or context["message"])
        self._lost_a_job.set()


def _connector() -> PsycopgConnector:
    """Return a connector for a worker, with the parameters of Django's connections."""
    return PsycopgConnector(kwargs=connector_params(), min_size=1, max_size=4, timeout=POOL_SECONDS)


def _reason(error: BaseException | None) -> str:
    """Return what caused an error, which says more than procrastinate does."""
    return in_a_line(error.__cause__ or error) if error else ""


def end_at_the_latest(seconds: float, code: int, before: Callable[[], object]) -> None:
    """End this process after `seconds`, even if a job is stuck; call `before` before that."""

    def end() -> None:
        logger.warning("jobs_left_behind", after_s=seconds)
        with contextlib.suppress(Exception):
            before()
        os._exit(code)

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()
