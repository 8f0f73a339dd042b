"""End the processes that tests have started when the tests are gone, even by SIGKILL."""

import contextlib
import os
import shutil
import sys

import psutil

PATIENCE_SECONDS = 10
"""How long a process may take to end before it is killed."""


def started_by(run: str) -> list[psutil.Process]:
    """Return the processes whose environment or command names the test run, except this one.

    Valkey and PostgreSQL overwrite theirs.
    """
    return [one for one in psutil.process_iter() if one.pid != os.getpid() and _names(one, run)]


def _names(process: psutil.Process, run: str) -> bool:
    try:
        if any(run in word for word in process.cmdline()):
            return True
        return process.environ().get("TEST_RUN") == run
    except psutil.Error:
        return False


def reap(run: str) -> None:
    left = started_by(run)
    for process in left:
        with contextlib.suppress(psutil.Error):
            process.terminate()
    for process in psutil.wait_procs(left, timeout=PATIENCE_SECONDS)[1]:
        with contextlib.suppress(psutil.Error):
            process.kill()
    shutil.rmtree(run, ignore_errors=True)


if __name__ == "__main__":
    sys.stdin.read()
    reap(sys.argv[1])
