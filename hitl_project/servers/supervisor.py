"""Uvicorn, as `serve` runs it: it shuts down step by step, and no worker outlives its parent.

This module uses Uvicorn's internals; `tests/hitl_project/test_library_members.py` names each member
that it relies on. Workers import it before the apps are loaded.
"""

import asyncio
import contextlib
import multiprocessing
import os
import random
import signal
import socket
import threading
import time
from types import FrameType
from typing import ClassVar

import uvicorn
from django.conf import settings
from uvicorn.supervisors import multiprocess

from hitl_project.embedded import servers
from hitl_project.servers.job_workers import JobWorkers
from hitl_project.servers.parent import has_terminal
from hitl_project.servers.uvicorn_socket import FrameProtocol, handshake_queue_of
from realtime import shutdown
from realtime.socket.close_codes import SERVICE_RESTART

REQUEST_SECONDS = 5
"""How long a request may still take once the sockets have been closed."""
CLOSES_PER_SECOND = 200
"""How many sockets a process lets go in a second; about as many as another one takes in."""
TICK_SECONDS = 0.1
HUNG_SECONDS = 5.0
"""How long after the time that a shutdown may take a worker is killed."""


class Server(uvicorn.Server):
    """One process. The first signal starts the shutdown, a second one ends it at once.

    It reports that it is not ready, and continues for HITL_SHUTDOWN_GRACE_SECONDS unless the signal
    came from a terminal. Then it accepts no more connections, closes its sockets over
    HITL_SHUTDOWN_SPREAD_SECONDS at most, so that clients do not return all at once, finishes
    running requests, and leaves the groups. Meanwhile the processes that run jobs end too.
    """

    job_workers: ClassVar[JobWorkers] = JobWorkers(0)
    """Those of this process, if it is the only one that serves."""

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if multiprocessing.parent_process() and (sig == signal.SIGINT or self.should_exit):
            return  # terminals and init systems signal all; only the parent counts
        shutdown.begin()
        self.force_exit = self.should_exit
        threading.Thread(target=self.job_workers.terminate).start()  # a signal must not wait
        super().handle_exit(sig, frame)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        if not (signal.SIGINT in self._captured_signals or _is_orphan()):
            await self._wait(settings.HITL_SHUTDOWN_GRACE_SECONDS)
        for server in self.servers:
            server.close()
        for listener in sockets or []:
            listener.close()
        await self._close_sockets()
        ending = asyncio.create_task(super().shutdown(sockets))
        while not (ending.done() or self.force_exit):
            await asyncio.wait([ending], timeout=TICK_SECONDS)
        if self.force_exit:
            await self._exit_at_once()
        await ending
        await _leave_groups()

    async def _exit_at_once(self) -> None:
        await asyncio.sleep(TICK_SECONDS)  # until what was written is sent
        self.job_workers.kill()
        servers.detach()
        os._exit(128 + self._captured_signals[-1])  # threads may be at work for long

    async def _close_sockets(self) -> None:
        handshake_queue_of(self.server_state).close()
        lines = [
            line
            for line in self.server_state.connections
            if isinstance(line, FrameProtocol) and line.handshake_complete
        ]
        seconds = min(settings.HITL_SHUTDOWN_SPREAD_SECONDS, len(lines) / CLOSES_PER_SECOND)
        began = time.monotonic()
        for at in sorted(random.uniform(0, seconds) for _ in lines):  # noqa: S311 — no secret # nosec B311
            await self._wait(began + at - time.monotonic())
            lines.pop().end(SERVICE_RESTART, SERVICE_RESTART.reason)

    async def _wait(self, seconds: float) -> None:
        """Wait for `seconds`, or until a second signal arrives, which must be polled."""
        until = time.monotonic() + seconds
        while not self.force_exit and (left := until - time.monotonic()) > 0:  # noqa: ASYNC110
            await asyncio.sleep(min(left, TICK_SECONDS))


async def _leave_groups() -> None:
    from realtime.hub import get_hub  # needs the apps

    await get_hub().stop()


class Worker(multiprocess.Process):
    """One of several processes; shuts down when its parent is gone."""

    signals: ClassVar[list[int]] = []
    """What the parent was told and has not heeded yet; that comes before its workers' health."""

    @property
    def server(self) -> uvicorn.Server:
        if self._server is None:
            self._server = Server(self.config)
        return self._server

    def target(self, sockets: list[socket.socket] | None = None) -> None:
        for number in (signal.SIGHUP, signal.SIGQUIT):  # terminals signal all
            signal.signal(number, signal.SIG_IGN)
        threading.Thread(target=_end_with_parent, daemon=True).start()
        super().target(sockets)

    def _healthcheck(self, timeout: float) -> bool | None:
        """Return whether the worker has started, or None if it does not answer in `timeout` s.

        Uvicorn's own check waits for ever for a dead worker, even while the parent shuts down.
        """
        until = time.monotonic() + timeout
        with contextlib.suppress(OSError, EOFError):
            self.parent_conn.send(b"ping")
            while time.monotonic() < until and self.process.is_alive():
                if self.signals:
                    return True
                if self.parent_conn.poll(TICK_SECONDS):
                    return bool(self.parent_conn.recv())
        return None


def _end_with_parent() -> None:
    if parent := multiprocessing.parent_process():
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)


def _is_orphan() -> bool:
    """Return whether this worker's parent is gone; then its port must be freed."""
    parent = multiprocessing.parent_process()
    return parent is not None and not parent.is_alive()


class Workers(multiprocess.Multiprocess):
    """The parent: replaces dead workers and forwards signals. A second signal ends all at once.

    `sockets` are what the workers listen on. The processes that run jobs end with them.
    """

    def __init__(
        self, config: uvicorn.Config, sockets: list[socket.socket], job_workers: JobWorkers
    ) -> None:
        multiprocess.Process = Worker  # type: ignore[misc]  # there is no other way to name it
        super().__init__(config, sockets)
        self._job_workers = job_workers
        Worker.signals = self.signal_queue
        self._asked = 0
        self._had_terminal = has_terminal()

    def handle_int(self) -> None:
        self._asked += 1
        super().handle_int()

    def handle_term(self) -> None:
        self._asked += 1
        super().handle_term()

    def handle_quit(self) -> None:
        self.handle_term()

    def handle_hup(self) -> None:
        """Replace the workers; but shut down if the terminal was closed."""
        if self._had_terminal and not has_terminal():
            self.handle_term()
        else:
            super().handle_hup()

    def terminate_all(self) -> None:
        self._job_workers.terminate()
        super().terminate_all()
        for listener in self.sockets:
            listener.close()  # or a client could still connect, and no process would accept it

    def join_all(self) -> None:
        """Wait for the workers to end; kill those that are stuck, or all after a second signal."""
        until = time.monotonic() + _shutdown_seconds()
        while self._asked < 2 and time.monotonic() < until and self._any_is_alive():
            time.sleep(TICK_SECONDS)
            self.handle_signals()
        for process in self.processes:
            process.process.kill()
        if self._asked >= 2:
            self._job_workers.kill()
        super().join_all()

    def _any_is_alive(self) -> bool:
        return any(process.process.is_alive() for process in self.processes)


def _shutdown_seconds() -> float:
    """Return how long a worker that is not stuck may take to shut down."""
    waits = settings.HITL_SHUTDOWN_GRACE_SECONDS + settings.HITL_SHUTDOWN_SPREAD_SECONDS
    return waits + REQUEST_SECONDS + HUNG_SECONDS
