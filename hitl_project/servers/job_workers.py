"""The processes of `serve` that run jobs, each of them `manage.py work`.

They have their own interpreter, so that no job delays a request. They end when this process does,
however it ends: it holds the other side of their standard input.
"""

import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Self

import structlog

from hitl_project.embedded.signals import UNTIMELY, deferred

logger = structlog.get_logger(__name__)

MANAGE = Path(__file__).parents[2] / "manage.py"
TICK_SECONDS = 0.25
LONGEST_PAUSE = 30.0
STEADY_SECONDS = 60.0
"""How long a worker must have run for its next failure to count as its first."""
END_SECONDS = 12.0
"""How long after SIGTERM a worker is killed; it ends by itself before."""
OF_TERMINALS = UNTIMELY - {signal.SIGTERM}
"""What a terminal sends to every process; a worker is told by this process, from its start on."""

Process = subprocess.Popen[bytes]


class JobWorkers:
    """Keeps `count` workers running while it is entered, or until `terminate`."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._ending = threading.Event()
        self._lock = threading.Lock()
        self._running: list[Process] = []
        self._keepers: list[threading.Thread] = []

    def __enter__(self) -> Self:
        for _ in range(self._count):
            keeper = threading.Thread(target=self._keep, daemon=True)
            keeper.start()
            self._keepers.append(keeper)
        return self

    def __exit__(self, *_: object) -> None:
        self.terminate()
        self._join()

    def terminate(self) -> None:
        """Tell all workers to end; do not wait for them. May be called more than once."""
        self._ending.set()
        with self._lock:
            for process in self._running:
                process.terminate()

    def kill(self) -> None:
        """End all workers at once."""
        self._ending.set()
        with self._lock:
            for process in self._running:
                process.kill()

    def _join(self) -> None:
        """Wait until all workers have ended; kill those that take too long."""
        until = time.monotonic() + END_SECONDS
        for keeper in self._keepers:
            keeper.join(max(0.0, until - time.monotonic()))
        self.kill()
        for keeper in self._keepers:
            keeper.join(END_SECONDS)

    def _keep(self) -> None:
        """Start a worker, and another one whenever it ends; wait longer after each failure."""
        failures = 0
        while not self._ending.is_set():
            began = time.monotonic()
            self._run()
            failures = 1 if time.monotonic() - began > STEADY_SECONDS else failures + 1
            self._ending.wait(min(TICK_SECONDS * 2**failures, LONGEST_PAUSE))

    def _run(self) -> None:
        """Run a worker until it ends; log how, unless all are to end."""
        try:
            process = self._start()
        except OSError as error:  # as without memory for another process
            logger.warning("job_worker_not_started", error=str(error))
            return
        if process is None:
            return
        code = process.wait()
        with self._lock:
            self._running.remove(process)
        if not self._ending.is_set():
            logger.warning("job_worker_ended", code=code)

    def _start(self) -> Process | None:
        """Start a worker, unless all are to end."""
        command = [sys.executable, str(MANAGE), "work", "--supervised"]
        with self._lock:
            if self._ending.is_set():
                return None
            with deferred(OF_TERMINALS):  # a worker keeps what is blocked as it starts
                process = subprocess.Popen(  # noqa: S603 — arguments of ours, and no shell # nosec B603
                    command, cwd=MANAGE.parent, stdin=subprocess.PIPE
                )
            self._running.append(process)
            return process
