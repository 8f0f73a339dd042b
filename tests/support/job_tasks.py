"""Jobs of the tests' own. They write to files what happens to them."""

import os
import signal
import time
from pathlib import Path

from procrastinate.contrib.django import app

from jobs.retries import Retries

TICK_SECONDS = 0.02


@app.task(name="tests.write", retry=Retries())
def write(path: str, text: str) -> None:
    """Add a line to a file."""
    with Path(path).open("a") as file:
        file.write(f"{text}\n")


@app.task(name="tests.wait", retry=Retries())
def wait(path: str) -> None:
    """Say that it began, and end when there is a file `path`.go."""
    write(path, "began")
    while not Path(f"{path}.go").exists():
        time.sleep(TICK_SECONDS)
    write(path, "ended")


@app.task(name="tests.fail", retry=Retries(expected=(LookupError,)))
def fail(path: str) -> None:
    """Fail as long as there is no file `path`.go."""
    write(path, "began")
    if not Path(f"{path}.go").exists():
        raise LookupError("it is not there")


@app.task(name="tests.kill", retry=Retries())
def kill(path: str) -> None:
    """Bring down the worker."""
    write(path, "began")
    os.kill(os.getpid(), signal.SIGKILL)
