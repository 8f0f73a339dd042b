"""The measured systems: how each is started, subscribed to, and made to send a decision."""

import asyncio
import contextlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import uvloop
from websockets.asyncio.client import ClientConnection, connect

from tests.support.people import issue
from tests.support.ports import free_port
from tests.support.site import ROOT, Server, Site, apv, decision
from tests.support.waiting import wait_for
from tools.bench.crowd import Crowd
from tools.bench.processes import SERVER_CORE, pin

UVICORN = ("uvicorn", "--loop", "uvloop", "--http", "httptools", "--ws", "websockets-sansio")
QUIET = ("--no-access-log", "--log-level", "warning")
MANY = {"HITL_WS_MAX_PER_USER": "100000", "HITL_WS_IDLE_SECONDS": "3600"}
"""Settings under which one user may open as much as is measured, and listen in silence."""


class System(ABC):
    """A server to measure, running inside `with system.serving():`."""

    name: str
    kind = b"decision_made"
    most_sockets = 9000
    """With how many it is measured; more would take minutes for each decision."""
    pid: int

    @abstractmethod
    def serving(self) -> contextlib.AbstractContextManager[None]:
        """Start the server on its core, and stop it at the end."""

    @abstractmethod
    def crowd(self) -> Crowd:
        """Return subscribers, none of which is open yet."""

    @abstractmethod
    async def prepare(self, decisions: int) -> None:
        """Prepare what so many decisions need."""

    @abstractmethod
    async def decide(self) -> None:
        """Make one decision, which is sent to every subscriber."""

    @abstractmethod
    async def finish(self) -> None:
        """Release what `prepare` took."""


class ThisProject(System):
    """HITL Console, including token, permissions and PostgreSQL's commit."""

    def __init__(self, server: str, *, most_sockets: int = 9000, **variables: str) -> None:
        self.server_kind = server
        self.most_sockets = most_sockets
        self.name = f"HITL Console, {server.title()}"
        self.variables = {**MANY, **variables}

    @contextlib.contextmanager
    def serving(self) -> Iterator[None]:
        self.site = Site(f"bench-{uuid4().hex[:8]}")
        with getattr(self.site, self.server_kind)(**self.variables) as server:
            self.server: Server = server
            self.pid = server.process.pid
            pin(self.pid, SERVER_CORE)
            self._pending: list[str] = []
            self._token = issue(self.site, "admin")
            yield

    def crowd(self) -> Crowd:
        cookie = self.server.client("admin").cookies["hitl_session"]
        headers = {"Origin": self.server.origin, "Cookie": f"hitl_session={cookie}"}
        return Crowd(self.server.ws, headers)

    async def prepare(self, decisions: int) -> None:
        headers = {"Authorization": f"Bearer {self._token}"}
        self._http = httpx.AsyncClient(base_url=self.server.origin, headers=headers, timeout=60)
        while len(self._pending) < decisions:
            added = await self.add(min(200, decisions - len(self._pending)))
            self._pending += [one["apv_id"] for one in added]

    async def add(self, count: int) -> list[dict[str, Any]]:
        """Add APVs in one request; each makes an event."""
        answer = await self._http.post("/hitl/apvs", json=[apv() for _ in range(count)])
        assert answer.status_code == 201, answer.text
        return list(answer.json())

    async def decide(self) -> None:
        answer = await self._http.post("/hitl/decisions", json=decision(self._pending.pop()))
        assert answer.status_code == 200, answer.text

    async def finish(self) -> None:
        await self._http.aclose()


class Process(System):
    """A server of `tools.bench.servers`, started as a separate process."""

    def __init__(self, name: str, command: list[str], **variables: str) -> None:
        self.name, self._command, self._variables = name, command, variables

    @contextlib.contextmanager
    def serving(self) -> Iterator[None]:
        self.port = free_port()
        command = [part.format(port=self.port) for part in self._command]
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT), **self._variables},
            stdout=subprocess.DEVNULL,
        )
        try:
            self.pid = process.pid
            wait_for(self._listens, f"{self.name} to listen", 60)
            pin(self.pid, SERVER_CORE)
            yield
        finally:
            process.terminate()
            process.wait(30)

    def _listens(self) -> bool:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port)):
            return True
        return False

    def crowd(self) -> Crowd:
        return Crowd(f"ws://127.0.0.1:{self.port}/hitl/ws")


class OverHTTP(Process):
    """A system that takes decisions over HTTP, as this project does."""

    def __init__(
        self, name: str, command: list[str], *, most_sockets: int = 9000, **variables: str
    ) -> None:
        super().__init__(name, command, **variables)
        self.most_sockets = most_sockets

    async def prepare(self, decisions: int) -> None:
        self._http = httpx.AsyncClient(base_url=f"http://127.0.0.1:{self.port}", timeout=120)

    async def decide(self) -> None:
        answer = await self._http.post("/hitl/decisions", json=decision(str(uuid4())))
        assert answer.status_code == 200, answer.text

    async def finish(self) -> None:
        await self._http.aclose()


class OverTheSocket(Process):
    """A system without HTTP, which takes decisions over a websocket."""

    _publisher: ClientConnection

    async def prepare(self, decisions: int) -> None:
        self._publisher = await connect(f"ws://127.0.0.1:{self.port}/", proxy=None)

    async def decide(self) -> None:
        text = f'{{"type":"decide","decision":"approve","apv_id":"{uuid4()}"}}'
        await self._publisher.send(text)

    async def finish(self) -> None:
        await self._publisher.close()


class Nats(OverTheSocket):
    """The Go server, which also has a websocket."""

    def __init__(self, executable: str) -> None:
        said = subprocess.run([executable, "--version"], capture_output=True, text=True)
        self.name = said.stdout.strip().replace(":", "")
        self._executable = executable

    @contextlib.contextmanager
    def serving(self) -> Iterator[None]:
        with tempfile.TemporaryDirectory() as folder:
            config = Path(folder) / "nats.conf"
            self._command = [self._executable, "-c", str(config), "-p", "-1", "-l", "/dev/null"]
            self._variables = {"GOMAXPROCS": "1"}
            port = free_port()
            config.write_text(f"websocket {{ port: {port}, host: 127.0.0.1, no_tls: true }}\n")
            self._fixed = port
            with super().serving():
                yield

    @property
    def port(self) -> int:
        return self._fixed

    @port.setter
    def port(self, value: int) -> None:
        """Ignored: the port is in the configuration."""

    def crowd(self) -> Crowd:
        hello = b'CONNECT {"verbose":false}\r\nSUB decisions 1\r\nSUB stats 2\r\nPING\r\n'
        return Crowd(f"ws://127.0.0.1:{self.port}/", hello=hello, ready=b"PONG")

    async def prepare(self, decisions: int) -> None:
        await super().prepare(decisions)
        await self._publisher.send(b'CONNECT {"verbose":false}\r\n')

    async def decide(self) -> None:
        from tools.bench.servers.messages import decision_made, stats_update

        body = decision_made({"apv_id": str(uuid4()), "decision": "approve"})
        for subject, message in (("decisions", body), ("stats", stats_update())):
            text = str(message).encode()
            await self._publisher.send(b"PUB %s %d\r\n%s\r\n" % (subject.encode(), len(text), text))


def all_systems(*, slow: int) -> list[System]:
    """Return this project first, then the others; NATS if it is installed.

    Plain consumers take seconds for a broadcast, and Daphne for opening so many sockets, so they
    are measured with `slow` sockets at most.
    """
    python = sys.executable
    redis: dict[str, Any] = {"BENCH_REDIS": os.environ["REDIS_URL"]}
    uvicorn = [python, "-m", *UVICORN, *QUIET, "--port", "{port}"]
    daphne = [python, "-m", "daphne", "-v", "0", "-b", "127.0.0.1", "-p", "{port}"]
    plain = "tools.bench.servers.plain_channels:application"
    manager = "tools.bench.servers.fastapi_manager:application"
    broadcast = [python, "-m", "tools.bench.servers.websockets_broadcast", "{port}"]
    most: dict[str, Any] = {"most_sockets": slow}
    nats = shutil.which("nats-server")
    return [
        ThisProject("uvicorn"),
        ThisProject("daphne", most_sockets=slow),
        OverTheSocket(f"websockets {version('websockets')} broadcast()", broadcast),
        OverHTTP("FastAPI manager, Uvicorn", [*uvicorn, manager]),
        OverHTTP("Channels consumers, Redis, Uvicorn", [*uvicorn, plain], **most, **redis),
        OverHTTP("Channels consumers, in memory, Uvicorn", [*uvicorn, plain], **most),
        OverHTTP("Channels consumers, Redis, Daphne", [*daphne, plain], **most, **redis),
        OverHTTP("Channels consumers, in memory, Daphne", [*daphne, plain], **most),
        *([Nats(nats)] if nats else []),
    ]


def run(main: Any) -> Any:
    """Run a coroutine on the loop that costs the measuring process least."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(main)
