"""Run jobs: what webhooks, decisions and the clock have put into the queue."""

import argparse
import asyncio
import os
import signal
import sys
import threading
from collections.abc import Callable
from typing import Any

from django.core.management.base import BaseCommand

from hitl_project.embedded import servers
from jobs.worker import FINISH_SECONDS, Worker, end_at_the_latest

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
STUCK_SECONDS = 2.0
"""How much longer than FINISH_SECONDS the end may take."""


class Command(BaseCommand):
    help = (
        "Run jobs until SIGTERM or Ctrl-C. Running jobs then have a few seconds to end; those that "
        "do not are run again by the next worker, as are those of a worker that was killed. "
        "`serve` runs such a worker by itself (HITL_JOB_WORKERS); run more of them on other "
        "machines, or `serve --no-jobs` here and this command elsewhere."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument(
            "--jobs",
            type=int,
            choices=range(1, 65),
            metavar="N",
            default=4,
            help="how many jobs run at once, each in a thread, 1 to 64 (default: %(default)s)",
        )
        parser.add_argument("--supervised", action="store_true", help=argparse.SUPPRESS)

    def handle(self, *args: Any, jobs: int, supervised: bool, **options: Any) -> None:
        asyncio.run(_run(jobs, supervised=supervised))


async def _run(jobs: int, *, supervised: bool) -> None:
    worker = Worker(jobs)
    stop = _Stop(worker)
    loop = asyncio.get_running_loop()
    for number in SIGNALS:
        if supervised and number != signal.SIGTERM:
            signal.signal(number, signal.SIG_IGN)  # terminals signal all; only the parent counts
        elif signal.getsignal(number) is not signal.SIG_IGN:
            loop.add_signal_handler(number, stop, 0 if supervised else number)
    if supervised:
        _follow_parent(lambda: loop.call_soon_threadsafe(stop, 0))
    await worker.run()


class _Stop:
    """Stops a worker. A second signal ends the process at once, unless a parent may do that."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker
        self._is_stopping = False

    def __call__(self, number: int) -> None:
        if not self._is_stopping:
            self._is_stopping = True
            self._worker.stop()
            end_at_the_latest(FINISH_SECONDS + STUCK_SECONDS, 0, servers.detach)
        elif number:
            servers.detach()
            os._exit(128 + number)


def _follow_parent(stop: Callable[[], object]) -> None:
    """Stop when standard input closes: the process that started this one has ended."""

    def wait() -> None:
        while os.read(sys.stdin.fileno(), 1024):  # not its buffer, whose lock would outlive the end
            pass
        stop()

    threading.Thread(target=wait, daemon=True).start()
