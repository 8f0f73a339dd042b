"""A Redis that a test may kill, stop and start again."""

import contextlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import redis

from hitl_project.embedded import valkey
from tests.support.waiting import wait_for


class RedisServer:
    """A Redis process on a Unix socket; `kill` and `start` keep the address."""

    def __init__(self) -> None:
        self._folder = tempfile.mkdtemp(
            prefix="redis-", dir=os.environ["HITL_VAR"]
        )  # a socket's path must be short
        self.socket = Path(self._folder) / "redis.sock"
        self.url = f"unix://{self.socket}"
        self.start()

    def start(self) -> None:
        self.process = subprocess.Popen(
            [
                valkey.program(),
                *("--port", "0", "--unixsocket", str(self.socket)),
                *("--dir", self._folder, "--save", "", "--appendonly", "no"),
            ],
            stdout=subprocess.DEVNULL,
        )
        wait_for(self._answers, "Redis to answer")

    def kill(self) -> None:
        """End it as a crash does: at once, with all its data."""
        self.process.kill()
        self.process.wait()

    def remove(self) -> None:
        self.kill()
        shutil.rmtree(self._folder)

    def client(self) -> redis.Redis:
        return redis.Redis(unix_socket_path=str(self.socket))

    def _answers(self) -> bool:
        with contextlib.suppress(redis.RedisError), self.client() as client:
            return bool(client.ping())
        return False
