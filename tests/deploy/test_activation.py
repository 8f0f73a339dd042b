"""`serve` takes the sockets that it is started with, and a restart refuses no connection."""

import asyncio
import os
import signal
import socket
import threading
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from uvicorn.server import ServerState

from hitl_project.servers import uvicorn_http
from hitl_project.servers.uvicorn_http import BoundedHttpProtocol
from tests.support.activation import activated, launch
from tests.support.site import Server, Site
from tests.support.waiting import until, wait_for

pytestmark = pytest.mark.server

TWICE = 2


@pytest.fixture(scope="session")
def site() -> Site:
    return Site("activation", HITL_SHUTDOWN_GRACE_SECONDS="1")


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """What the service manager opens, and keeps open over restarts."""
    with socket.create_server(("127.0.0.1", 0), backlog=512) as opened:
        yield opened


def end(server: Server) -> None:
    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(30) in {0, -signal.SIGTERM}


@pytest.mark.parametrize("workers", ["1", "2"])
def test_restart_refuses_no_connection(site: Site, listener: socket.socket, workers: str) -> None:
    server = activated(site, listener, WORKERS=workers)
    assert server.origin.endswith(f":{listener.getsockname()[1]}")
    with Visitors(server.origin) as visitors:
        for _ in range(TWICE):
            visitors.wait_for_more(20)
            end(server)
            server = activated(site, listener, WORKERS=workers)
        visitors.wait_for_more(20)
    end(server)
    assert visitors.failures == []


class Visitors:
    """Ask for a page again and again, each time over a new connection."""

    def __init__(self, origin: str) -> None:
        self._url = f"{origin}/hitl/health/live"
        self._done = threading.Event()
        self._threads = [threading.Thread(target=self._visit) for _ in range(4)]
        self.answered = 0
        self.failures: list[str] = []

    def __enter__(self) -> "Visitors":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        for thread in self._threads:
            thread.join()

    def wait_for_more(self, count: int) -> None:
        until = self.answered + count
        wait_for(lambda: self.answered >= until, f"{count} more answers", 60)

    def _visit(self) -> None:
        while not self._done.is_set():
            try:
                answer = httpx.get(self._url, timeout=60)
            except httpx.TransportError as error:
                self.failures.append(repr(error))
            else:
                self.answered += 1
                if answer.status_code != 200:
                    self.failures.append(str(answer.status_code))
            self._done.wait(0.02)


@pytest.fixture
async def accepted() -> AsyncIterator[tuple[BoundedHttpProtocol, StreamReader, StreamWriter]]:
    """A connection that a server has accepted, as server and client see it."""
    state = ServerState()
    config = uvicorn.Config(answer, lifespan="off", log_config=None)
    config.load()
    server = await asyncio.get_running_loop().create_server(
        lambda: BoundedHttpProtocol(config, state, {}), "127.0.0.1", 0
    )
    async with server:
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        await until(lambda: bool(state.connections))
        [protocol] = state.connections
        assert isinstance(protocol, BoundedHttpProtocol)
        yield protocol, reader, writer
        writer.close()


async def answer(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body", "body": b""})


async def test_client_accepted_just_before_the_end_is_answered(
    accepted: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    protocol, reader, writer = accepted
    monkeypatch.setattr(uvicorn_http, "FRESH_SECONDS", 3600)  # however slow this machine is
    protocol.shutdown()
    writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert (await reader.readline()).startswith(b"HTTP/1.1 204")


async def test_connection_that_has_been_silent_is_closed_at_the_end(
    accepted: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    protocol, reader, _ = accepted
    monkeypatch.setattr(uvicorn_http, "FRESH_SECONDS", 0)
    protocol.shutdown()
    assert await reader.read() == b""


def test_sockets_for_another_process_are_left_alone(site: Site, listener: socket.socket) -> None:
    with site.uvicorn(LISTEN_PID=str(os.getpid()), LISTEN_FDS="1") as server:
        assert not server.origin.endswith(f":{listener.getsockname()[1]}")


def refusal(site: Site, descriptor: int) -> str:
    process, log = launch(site, descriptor)
    assert process.wait(60) == 1
    return log.read_text()


def test_file_that_is_no_socket_is_said(site: Site, tmp_path: Path) -> None:
    with (tmp_path / "file").open("w") as file:
        assert "LISTEN_FDS: file 3 is no socket" in refusal(site, file.fileno())


def test_socket_that_does_not_listen_over_tcp_is_said(site: Site, tmp_path: Path) -> None:
    with socket.socket() as silent:
        assert "LISTEN_FDS: file 3 is not a TCP socket that listens" in refusal(
            site, silent.fileno()
        )
    with socket.socket(socket.AF_UNIX) as local:
        local.bind(str(tmp_path / "socket"))
        local.listen()
        assert "file 3 is not a TCP socket" in refusal(site, local.fileno())
