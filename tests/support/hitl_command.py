"""The command `hitl` as a process, for a user of a server."""

import os
import pty
import subprocess
import sys
from pathlib import Path

from tests.support.site import ROOT
from tests.support.waiting import START_SECONDS

SOURCE = ROOT / "clients" / "python"
PASSED_ON = ("PATH", "HOME", "LANG")


class Hitl:
    """Runs `hitl`, from its source or as the program that is given."""

    def __init__(self, url: str, token: str, program: Path | None = None) -> None:
        self.command = [str(program)] if program else [sys.executable, "-m", "hitl_client"]
        self.environment = {
            **{name: os.environ[name] for name in PASSED_ON if name in os.environ},
            **({} if program else {"PYTHONPATH": str(SOURCE)}),
            "HITL_URL": url,
            "HITL_TOKEN": token,
        }

    def run(
        self, *arguments: str, stdin: str = "", **variables: str
    ) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [*self.command, *arguments],
            env={**self.environment, **variables},
            input=stdin,
            capture_output=True,
            text=True,
            timeout=START_SECONDS,
            check=False,
        )

    def printed(self, *arguments: str, stdin: str = "", **variables: str) -> str:
        """Return what a command printed. It must succeed."""
        done = self.run(*arguments, stdin=stdin, **variables)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def on_terminal(self, *arguments: str, **variables: str) -> str:
        """Return all that a command writes to a terminal."""
        ours, theirs = pty.openpty()
        process = subprocess.Popen(
            [*self.command, *arguments],
            env={**self.environment, "TERM": "xterm", **variables},
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
        )
        os.close(theirs)
        written = b""
        try:
            while part := os.read(ours, 4096):
                written += part
        except OSError:  # the terminal has no other side any more
            pass
        os.close(ours)
        assert process.wait(START_SECONDS) == 0, written
        return written.decode()

    def start(self, *arguments: str, **variables: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [*self.command, *arguments],
            env={**self.environment, **variables},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
