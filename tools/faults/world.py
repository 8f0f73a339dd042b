"""An installation for faults: a database, a Redis and two server processes."""

import asyncio
import contextlib
import signal
import time
from typing import Any
from uuid import uuid4

from tests.support.ports import free_port
from tests.support.redis_server import RedisServer
from tests.support.site import Server, Site


class World:
    """Two servers on ports that stay the same through restarts."""

    def __init__(self, **variables: str) -> None:
        self.redis = RedisServer()
        self.site = self.make_site()
        self._variables = variables
        self._running: dict[int, contextlib.ExitStack] = {}
        self._ports = [free_port(), free_port()]
        self.servers: list[Server] = []
        for number in (0, 1):
            self.servers.append(self.start_server(number))

    def make_site(self) -> Site:
        return Site(f"faults-{uuid4().hex[:8]}", REDIS_URL=self.redis.url)

    def start_server(self, number: int, program: str = "manage.py") -> Server:
        stack = contextlib.ExitStack()
        serving = self.site.uvicorn(port=self._ports[number], program=program, **self._variables)
        server = stack.enter_context(serving)
        self._running[number] = stack
        return server

    async def restart_server(self, number: int, program: str = "manage.py") -> None:
        """Start a server again, after its process has ended or is stopped properly."""
        await asyncio.to_thread(self._running.pop(number).close)
        self.servers[number] = await asyncio.to_thread(self.start_server, number, program)

    def kill_server(self, number: int) -> None:
        self.servers[number].process.kill()
        self.servers[number].process.wait()

    def position(self) -> dict[str, Any]:
        return position_of(self.site)

    def close(self) -> None:
        for stack in self._running.values():
            stack.close()
        with contextlib.suppress(OSError):
            self.redis.process.send_signal(signal.SIGCONT)
            self.redis.remove()


def position_of(site: Site) -> dict[str, Any]:
    """Return the last position in the log of decisions."""
    sql = "SELECT epoch, top FROM realtime_counter WHERE channel = 'decisions'"
    [(epoch, top)] = site.rows(sql)
    return {"epoch": epoch, "offset": top}


def log_of(site: Site, after: int) -> list[tuple[int, str]]:
    """Return the later events of that log, as offsets and ids of decisions."""
    return [
        (offset, decision_id)
        for offset, decision_id in site.rows(
            "SELECT \"offset\", message::json->>'decision_id' FROM realtime_event"
            ' WHERE channel = \'decisions\' AND "offset" > %s ORDER BY "offset"',
            after,
        )
    ]


def now() -> float:
    return time.monotonic()
