"""Clients that send far too much: the server stays small, and others are served."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import psutil
import pytest

from tests.support.raw import CUT, PING, PONG, TEXT, RawLine, frame, raw_line
from tests.support.site import Server, Site, Start
from tests.support.waiting import ANSWER_SECONDS, pause, wait_for

COUNT = 10_000
AT_ONCE = 100
LITTLE = frame(TEXT, b'{"type":"ping"}')
MUCH = frame(TEXT, b'{"type":"ping","padding":"' + b"x" * 10_000 + b'"}')
MOST_MEMORY = 10 * 1024 * 1024


@pytest.fixture(scope="module")
def strict(site: Site) -> Iterator[Server]:
    """A server that accepts sixty messages a minute."""
    with site.uvicorn(HITL_WS_RATE_PER_MINUTE="60") as server:
        yield server


class Memory:
    """The resident memory of a server's process, and the most it was since `watching`."""

    def __init__(self, server: Server) -> None:
        self.process = psutil.Process(server.process.pid)
        self.first = self.most = self.now()

    def now(self) -> int:
        return int(self.process.memory_info().rss)

    @property
    def growth(self) -> int:
        return self.most - self.first

    async def watch(self) -> None:
        while True:
            self.most = max(self.most, self.now())
            await pause(0.01)


@contextlib.asynccontextmanager
async def meanwhile(*works: Any) -> AsyncIterator[None]:
    """Run `works` until the block ends; raise here what they raise."""
    tasks = [asyncio.create_task(work) for work in works]
    yield
    for task in tasks:
        if task.done():
            await task
        task.cancel()


async def ping_patiently(server: Server, answered: list[str]) -> None:
    """Ping over one socket after another, as none may do so for long."""
    while True:
        async with server.socket("lead") as other:
            for _ in range(20):
                answered.append((await other.ask({"type": "ping"}))["type"])
                await pause(0.05)


@pytest.mark.parametrize("message", [LITTLE, MUCH], ids=["little", "much"])
async def test_flood_is_warned_and_closed_while_memory_stays_and_others_are_answered(
    strict: Server, message: bytes
) -> None:
    strict.client("lead")
    answered: list[str] = []
    memory = Memory(strict)
    async with (
        raw_line(strict) as line,
        meanwhile(memory.watch(), ping_patiently(strict, answered)),
    ):
        flood = asyncio.create_task(send_for_a_second(line, message))
        await until_warned(line)
        assert await line.end_code() == 4429
        assert not flood.done()
        await flood
        await asyncio.to_thread(wait_for, lambda: len(answered) > 5, "others to be answered")
    assert set(answered) == {"pong"}
    assert memory.growth < MOST_MEMORY


async def send_for_a_second(line: RawLine, message: bytes) -> None:
    for _ in range(COUNT // AT_ONCE):
        await line.send(message * AT_ONCE)
        await pause(AT_ONCE / COUNT)


async def until_warned(line: RawLine) -> None:
    """Return when the client was warned that it sends too much."""
    async with asyncio.timeout(ANSWER_SECONDS):
        while json.loads((await line.message())[1]).get("error_code") != "RATE_LIMITED":
            pass


@pytest.mark.parametrize("opcode", [PING, PONG], ids=["pings", "pongs"])
async def test_flood_of_frames_that_are_no_messages_is_closed_too(
    start: Start, opcode: int
) -> None:
    with start(HITL_WS_RATE_PER_MINUTE="60") as server:
        async with raw_line(server) as line:
            flood = asyncio.create_task(line.send(frame(opcode, b"x") * COUNT))
            assert await line.end_code() in {4429, CUT}  # lost on a client that sends on
            await flood
