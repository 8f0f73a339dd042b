"""The process that runs the lexers: started when needed, replaced when it has died."""

import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from multiprocessing.connection import Connection
from pathlib import Path

PROGRAM = Path(__file__).with_name("lexing.py")
COMPUTING_SECONDS = 0.5
"""How long the lexers of one diff may compute."""
WAITING_SECONDS = 4.0
"""How long a request waits for its turn, and then for the answers: only a busy machine needs it."""

Job = tuple[str, str]
"""A language and a text in it."""


class LexerProcess:
    """One process for all threads of this one. A thread that waits too long for it goes without.

    It dies when it computes for too long; the next request starts another one.
    """

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._line: Connection | None = None

    def runs(self, jobs: Sequence[Job]) -> list[bytes]:
        """Return an answer for each job, as JSON, up to the one that took too long.

        Raise TimeoutError if the process is busy with other requests.
        """
        if not self._turn.acquire(timeout=WAITING_SECONDS):
            raise TimeoutError
        try:
            return list(self._answers(jobs))
        finally:
            self._turn.release()

    def _answers(self, jobs: Sequence[Job]) -> Iterator[bytes]:
        line = self._line or self._start()
        deadline = time.monotonic() + WAITING_SECONDS
        try:
            line.send_bytes(json.dumps([COMPUTING_SECONDS, jobs]).encode())
            for _job in jobs:
                if not line.poll(max(0.0, deadline - time.monotonic())):
                    raise EOFError
                yield line.recv_bytes()
        except (EOFError, OSError):
            self.stop()
            self._start()

    def _start(self) -> Connection:
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 — our own program # nosec B603
                [sys.executable, "-I", str(PROGRAM), str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                start_new_session=True,  # keys pressed at the terminal must not reach it
                env={"PATH": os.environ.get("PATH", "")},
            )
        self._line = Connection(ours.detach())
        return self._line

    def stop(self) -> None:
        """End the process, whatever it is doing."""
        if self._line:
            self._line.close()
        if self._process:
            self._process.kill()
            self._process.wait()
        self._line = self._process = None
