"""Clients that stop reading do not affect others, nor the server for long."""

import asyncio
import json
import random
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import psutil
import pytest
from websockets.asyncio.client import ClientConnection

from realtime.hub import CHECK_SECONDS
from realtime.socket.close_codes import TRY_AGAIN_LATER
from realtime.socket.writer import STALL_SECONDS, Burst, QueuedWriter
from tests.support.metrics import open_connections
from tests.support.proxy import Proxy
from tests.support.raw import TEXT, RawLine, close, frame, raw_line
from tests.support.site import Server, Site, Socket, Start
from tests.support.waiting import wait_for

MUCH = 16 * 1024 * 1024
"""Bytes, more than any kernel holds for one connection."""
NAMES = [random.Random(number).randbytes(50).hex() for number in range(64)]
SUBSCRIBE = frame(TEXT, b'{"type": "subscribe", "channels": ["apvs"]}')
ECHOED = frame(TEXT, json.dumps({"type": "unsubscribe", "channels": NAMES}).encode())
"""Is answered with as much, which does not pack well."""


@pytest.fixture
def server(start: Start) -> Iterator[Server]:
    with start(HITL_WS_QUEUE_BYTES="65536") as server:
        yield server


@asynccontextmanager
async def stalled_reader(server: Server) -> AsyncIterator[ClientConnection]:
    """Subscribe a client that then reads nothing, over a connection with small buffers."""
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


def pour(server: Server, count: int) -> None:
    """Add APVs that take little to add, and whose events are long."""
    small = {"severity": "LOW", "patch_strategy": "version_bump", "package_name": "x" * 214}
    answer = server.post("/hitl/apvs", [small] * count, user="pipeline")
    assert answer.status_code == 201, answer.text


async def hear(reader: Socket, start: int, count: int) -> None:
    """Receive `count` events after offset `start`, in order."""
    for offset in range(start + 1, start + count + 1):
        assert (await reader.until(type="new_apv"))["offset"] == offset


async def test_reader_that_lets_too_much_gather_is_closed_and_holds_up_nobody(
    server: Server,
) -> None:
    async with server.socket() as reader, stalled_reader(server):
        offset = (await reader.subscribe("apvs"))["positions"]["apvs"]["offset"]
        while open_connections(server) > 1:
            await asyncio.to_thread(pour, server, 250)
            await hear(reader, offset, 250)
            offset += 250
            assert offset < 100_000, "the stalled reader is never closed"


async def test_reader_that_takes_nothing_for_a_while_is_closed(start: Start) -> None:
    """It is below the limit, but nothing moves for a while, though more gathers."""
    with start(HITL_WS_QUEUE_BYTES=str(MUCH * 2)) as server:
        async with raw_line(server, small=True) as line:
            line.stop_reading()
            await line.send(SUBSCRIBE + ECHOED * (MUCH // len(ECHOED)))
            while is_kept(server, line):
                await asyncio.to_thread(server.add_apv)
                await asyncio.sleep(CHECK_SECONDS)
        closed = [line for line in server.printed().splitlines() if '"socket_closed"' in line]
        assert '"code": 1013' in closed[0], closed


async def test_reader_that_has_taken_nothing_yet_has_as_long_as_any_other() -> None:
    async def send(_: object) -> None:
        await asyncio.Event().wait()

    writer = QueuedWriter(send, MUCH)
    writer.write(Burst(["the first message"]))
    writer.check(now=1_000_000.0)
    assert not writer.closed
    writer.check(now=1_000_001.0 + STALL_SECONDS)
    assert writer.ended_with == (TRY_AGAIN_LATER, "Too slow to keep up")


async def test_reader_that_takes_nothing_and_leaves_is_not_kept(start: Start) -> None:
    """Otherwise the unread data would wait for as long as the client's kernel acknowledges."""
    with start(HITL_WS_QUEUE_BYTES=str(MUCH * 2)) as server:
        async with raw_line(server, small=True) as line:
            assert is_kept(server, line)
            line.stop_reading()
            await line.send(ECHOED * (MUCH // len(ECHOED)) + close(1000))
            await until_cut(server, line)


async def test_reader_that_takes_nothing_of_what_is_compressed_is_closed(site: Site) -> None:
    with site.uvicorn(HITL_WS_QUEUE_BYTES="65536", HITL_WS_COMPRESSION="on") as server:
        async with raw_line(server, offer="permessage-deflate", small=True) as line:
            assert "permessage-deflate" in line.headers
            line.stop_reading()
            await line.send(ECHOED * (MUCH // len(ECHOED)))
            await until_cut(server, line)


def is_kept(server: Server, line: RawLine) -> bool:
    """Return whether the server's process still has its end of a connection."""
    lines = psutil.Process(server.process.pid).net_connections("tcp")
    return any(one.raddr and one.raddr.port == line.port for one in lines)


async def until_cut(server: Server, line: RawLine) -> None:
    await asyncio.to_thread(wait_for, lambda: not is_kept(server, line), "the line to be cut")
