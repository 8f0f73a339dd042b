"""The processes that run jobs are kept running by the one that serves."""

import errno
import signal
import subprocess
import sys
from typing import Any

import pytest

from hitl_project.servers import job_workers
from hitl_project.servers.job_workers import JobWorkers
from tests.support.waiting import wait_for

UNTIL_IT_IS_TOLD = [sys.executable, "-c", "input()"]


def test_worker_that_could_not_be_started_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    start, started = subprocess.Popen, []

    def start_at_last(command: list[str], **options: Any) -> subprocess.Popen[bytes]:
        started.append(command)
        if len(started) < 3:
            raise OSError(errno.ENOMEM, "Cannot allocate memory")
        return start(UNTIL_IT_IS_TOLD, **options)

    monkeypatch.setattr(subprocess, "Popen", start_at_last)
    monkeypatch.setattr(job_workers, "TICK_SECONDS", 0.01)
    with JobWorkers(1):
        wait_for(lambda: len(started) == 3, "the worker to start")
    assert started[-1][-2:] == ["work", "--supervised"]


def test_worker_heeds_no_signal_of_a_terminal_while_it_starts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    start, started = subprocess.Popen, []

    def start_and_signal(_command: list[str], **options: Any) -> subprocess.Popen[bytes]:
        process = start(UNTIL_IT_IS_TOLD, **options)
        for number in (signal.SIGINT, signal.SIGHUP, signal.SIGQUIT):
            process.send_signal(number)
        started.append(process)
        return process

    monkeypatch.setattr(subprocess, "Popen", start_and_signal)
    with JobWorkers(1):
        wait_for(lambda: started, "the worker to start")
    assert started[0].returncode == -signal.SIGTERM
