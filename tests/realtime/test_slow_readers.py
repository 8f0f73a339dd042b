"""Clients that stop to read: they are nobody else's problem, and not the server's for long."""

import asyncio
import contextlib
import json
import socket as sockets
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import psutil
import pytest
from websockets.asyncio.client import ClientConnection

from tests.proxy import Proxy
from tests.realtime.raw import SMALL, TEXT, close, frame, raw_line
from tests.realtime.test_resume import add
from tests.realtime.test_trouble import open_connections
from tests.site import Server, Socket, Start, wait_for


@pytest.fixture
def server(start: Start) -> Iterator[Server]:
    with start(HITL_WS_QUEUE_BYTES="65536") as server:
        yield server


@asynccontextmanager
async def stalled_reader(server: Server) -> AsyncIterator[ClientConnection]:
    """A client that subscribes and then reads nothing, behind a line with small buffers."""
    port = int(server.origin.rsplit(":", 1)[1])
    async with Proxy(port) as line:
        address = f"ws://127.0.0.1:{line.port}/hitl/ws"
        opened = server.raw_socket(uri=address, origin=line.origin, max_queue=1)
        async with opened as connection:
            await connection.recv()
            await connection.send('{"type":"subscribe","channels":["apvs"]}')
            await connection.recv()
            connection.transport.pause_reading()
            yield connection
            connection.transport.abort()


async def hear(reader: Socket, start: int, count: int) -> None:
    """Receive the `count` events after offset `start`, each in its turn."""
    for offset in range(start + 1, start + count + 1):
        assert (await reader.until(type="new_apv"))["offset"] == offset


async def test_reader_that_lets_too_much_gather_is_closed_and_holds_up_nobody(
    server: Server,
) -> None:
    async with server.socket() as reader, stalled_reader(server):
        offset = (await reader.subscribe("apvs"))["positions"]["apvs"]["offset"]
        while open_connections(server) > 1:
            await asyncio.to_thread(add, server, 500)
            await hear(reader, offset, 500)
            offset += 500
            assert offset < 100_000, "the stalled reader is never closed"


async def test_reader_that_takes_nothing_for_a_while_is_closed(start: Start) -> None:
    """It holds less than it may; that it does not move gives it away."""
    with start() as server:
        async with server.socket() as reader, stalled_reader(server):
            offset = (await reader.subscribe("apvs"))["positions"]["apvs"]["offset"]
            await asyncio.to_thread(add, server, 1000)
            await hear(reader, offset, 1000)
            await asyncio.to_thread(
                wait_for, lambda: open_connections(server) == 1, "the reader to be closed", 60
            )
            assert (await reader.ask({"type": "ping"}))["type"] == "pong"


@pytest.mark.parametrize("kind", ["uvicorn_server", "daphne_server"])
async def test_reader_that_takes_nothing_and_leaves_is_not_kept(request: Any, kind: str) -> None:
    """What it did not read would wait for it as long as its kernel says that it lives."""
    server = request.getfixturevalue(kind)
    process = psutil.Process(server.process.pid)
    names = json.dumps(["x" * 90] * 100).encode()
    echoed = frame(TEXT, b'{"type":"unsubscribe","channels":%s}' % names)
    async with raw_line(server, small=True) as line:

        def is_kept() -> bool:
            lines = process.net_connections("tcp")
            return any(one.raddr and one.raddr.port == line.port for one in lines)

        assert is_kept()
        line.writer.transport.pause_reading()
        more_than_the_kernel_holds = held_by_the_kernel() + 512 * 1024
        await line.send(echoed * (more_than_the_kernel_holds // len(echoed)))
        await line.send(close(1000))
        await asyncio.to_thread(wait_for, lambda: not is_kept(), "the line to be cut")


def held_by_the_kernel() -> int:
    """How many bytes a server may send to a client with little room that reads nothing."""
    sent = 0
    with sockets.create_server(("127.0.0.1", 0)) as listener, sockets.socket() as client:
        client.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, SMALL)
        client.connect(listener.getsockname())
        line, _ = listener.accept()
        with line, contextlib.suppress(TimeoutError):
            line.settimeout(0.2)
            while True:
                sent += line.send(b"x" * 65_536)
    return sent
