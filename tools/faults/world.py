"""What faults are injected into: a database, a Redis and two server processes of their own."""

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import time
from pathlib import Path
from typing import Any
from uuid import uuid4

import redis

from hitl_project import embedded
from tests.site import Server, Site, wait_for


class OwnRedis:
    """A Redis server process that may be killed, stopped and started again."""

    def __init__(self) -> None:
        self.socket = Path(os.environ["HITL_VAR"]) / f"redis-{uuid4().hex[:8]}.sock"
        self.url = f"unix://{self.socket}"
        self.start()

    def start(self) -> None:
        command = [embedded.redis_server(), "--port", "0", "--unixsocket", str(self.socket)]
        self.process = subprocess.Popen(
            [*command, "--save", "", "--appendonly", "no"], stdout=subprocess.DEVNULL
        )
        wait_for(self._answers, "Redis to answer")

    def _answers(self) -> bool:
        with contextlib.suppress(redis.RedisError):
            return bool(self.client().ping())
        return False

    def client(self) -> redis.Redis:
        return redis.Redis(unix_socket_path=str(self.socket))

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def send_signal(self, number: int) -> None:
        self.process.send_signal(number)


class World:
    """Two servers on ports that stay theirs through restarts."""

    def __init__(self, **variables: str) -> None:
        self.redis = OwnRedis()
        self.site = Site(f"faults-{uuid4().hex[:8]}", REDIS_URL=self.redis.url)
        self._variables = variables
        self._running: dict[int, contextlib.ExitStack] = {}
        self._ports = [free_port(), free_port()]
        self.servers: list[Server] = []
        for number in (0, 1):
            self.servers.append(self.start_server(number))

    def start_server(self, number: int, program: str = "manage.py") -> Server:
        stack = contextlib.ExitStack()
        serving = self.site.uvicorn(port=self._ports[number], program=program, **self._variables)
        server = stack.enter_context(serving)
        self._running[number] = stack
        return server

    async def restart_server(self, number: int, program: str = "manage.py") -> None:
        """Start a server again whose process has ended, or is ended now as it should be."""
        await asyncio.to_thread(self._running.pop(number).close)
        self.servers[number] = await asyncio.to_thread(self.start_server, number, program)

    def kill_server(self, number: int) -> None:
        self.servers[number].process.kill()
        self.servers[number].process.wait()

    def position(self) -> dict[str, Any]:
        sql = "SELECT epoch, top FROM realtime_counter WHERE channel = 'decisions'"
        [(epoch, top)] = self.site.rows(sql)
        return {"epoch": epoch, "offset": top}

    def close(self) -> None:
        for stack in self._running.values():
            stack.close()
        with contextlib.suppress(OSError):
            self.redis.send_signal(signal.SIGCONT)
            self.redis.kill()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


async def pause(seconds: float) -> None:
    """Let a fault last; the one place here that waits for time and not for a condition."""
    await asyncio.sleep(seconds)


def now() -> float:
    return time.monotonic()
