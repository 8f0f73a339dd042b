"""`manage.py serve` with its own embedded servers, as `make run` calls it."""

import contextlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil

from tests.support.site import PASSWORD, ROOT, Server, launch, listening
from tests.support.waiting import START_SECONDS

PASSED_ON = {"PATH", "HOME", "LANG", "TEST_RUN", "DJANGO_SETTINGS_MODULE"}
"""The settings are the product's, with a quick hasher of passwords."""
ELSEWHERE = {
    "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none",
    "REDIS_URL": "redis://127.0.0.1:1",
    "SECRET_KEY": "x" * 60,
}


class Installation:
    """A data folder, and processes that use it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = {
            **{key: text for key, text in os.environ.items() if key in PASSED_ON},
            "HITL_VAR": str(folder),
            "HITL_ENV_FILE": os.devnull,
            "HITL_DEMO_PASSWORD": PASSWORD,
        }
        self.started: list[subprocess.Popen[bytes]] = []

    def run(self, *arguments: str, **variables: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env={**self.environment, **variables},
            capture_output=True,
            text=True,
            timeout=START_SECONDS,
            check=False,
        )

    def serve(self, **variables: str) -> Server:
        log = self.folder.parent / f"serve-{len(self.started)}.log"
        command = [sys.executable, "manage.py", "serve", "--prepare", "--port", "0"]
        process = launch(command, {**self.environment, **variables}, log)
        self.started.append(process)
        return listening(process, log)

    def embedded(self) -> list[psutil.Process]:
        """Return the PostgreSQL and Valkey processes with data in the folder."""
        return [
            process
            for process in psutil.process_iter(["cmdline", "cwd", "name", "status"])
            if process.info["name"] in {"postgres", "valkey-server"}
            and process.info["status"] != psutil.STATUS_ZOMBIE
            and (
                str(self.folder) in " ".join(process.info["cmdline"] or [])
                or str(process.info["cwd"]).startswith(str(self.folder))
            )
        ]

    def processes(self) -> list[psutil.Process]:
        """Return all processes that were started for the folder: servers, workers, keeper."""
        return [one for one in psutil.process_iter() if self._started(one)]

    def _started(self, process: psutil.Process) -> bool:
        try:
            return process.status() != psutil.STATUS_ZOMBIE and process.environ().get(
                "HITL_VAR"
            ) == str(self.folder)
        except psutil.Error:
            return False


@contextlib.contextmanager
def installed() -> Iterator[Installation]:
    """An installation in a folder that others may enter: as root, PostgreSQL is another user.

    It is stopped at the end.
    """
    folder = Path(tempfile.mkdtemp(dir=os.environ["HITL_VAR"]))
    folder.chmod(0o755)
    made = Installation(folder / "var")
    yield made
    for process in made.started:
        if process.poll() is None:
            process.kill()
            process.wait()
    if made.embedded():
        made.run("shell", "-c", "pass")  # the last to leave stops what a kill left running


def assert_one_line(done: "subprocess.CompletedProcess[str]", reason: str) -> None:
    lines = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
    assert len(lines) == 1, done.stdout + done.stderr
    assert reason in lines[0]
