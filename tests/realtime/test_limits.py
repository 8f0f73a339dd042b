"""Limits on a client's messages, and on its silence."""

import asyncio
import contextlib
from collections.abc import Iterator

import pytest
from websockets.exceptions import ConnectionClosed

from tests.support.metrics import open_connections
from tests.support.site import Server, Start
from tests.support.waiting import pause, wait_for

PING = '{"type":"ping"}'


@pytest.fixture
def server(start: Start) -> Iterator[Server]:
    with start(HITL_WS_RATE_PER_MINUTE="60") as server:
        yield server


async def test_burst_of_sixty_is_answered_and_the_next_one_warned(server: Server) -> None:
    async with server.socket() as socket:
        for _ in range(60):
            assert (await socket.ask({"type": "ping"}))["type"] == "pong"
        answers = [await socket.ask({"type": "ping"}) for _ in range(5)]
        warned = [one for one in answers if one["type"] == "error"]
        assert warned
        assert warned[0]["error_code"] == "RATE_LIMITED"
        assert warned[0]["error_message"] == "Rate limit exceeded"


async def test_message_over_the_limit_is_dropped_and_later_ones_are_answered(
    server: Server,
) -> None:
    async with server.socket() as socket:
        for _ in range(61):
            await socket.send({"type": "ping"})
        await socket.until(type="error", error_code="RATE_LIMITED")
        async with asyncio.timeout(20):  # one a second is allowed again
            while (await socket.ask({"type": "ping"}))["type"] != "pong":
                await pause(0.5)


async def test_flood_is_closed_and_disturbs_nobody(server: Server) -> None:
    async with server.socket("lead") as other, server.raw_socket(max_queue=None) as flooding:
        await flooding.recv()
        with contextlib.suppress(ConnectionClosed):
            for _ in range(10_000):
                await flooding.send(PING)
        await asyncio.wait_for(flooding.wait_closed(), 20)
        assert flooding.close_code == 4429
        assert (await other.ask({"type": "ping"}))["type"] == "pong"


async def test_silent_socket_is_closed_and_one_that_pings_is_not(start: Start) -> None:
    with start(HITL_WS_IDLE_SECONDS="5") as server:
        async with server.socket() as silent, server.socket("lead") as lively:
            waiting = asyncio.create_task(silent.close_code())
            while not waiting.done():
                assert (await lively.ask({"type": "ping"}))["type"] == "pong"
                await asyncio.wait([waiting], timeout=0.5)
            assert await waiting == 4408


async def test_socket_that_only_answers_pings_stays_as_a_hidden_tab_must(start: Start) -> None:
    rests = {"HITL_WS_IDLE_SECONDS": "3", "HITL_WS_PING_SECONDS": "1"}
    with start(**rests, HITL_WS_MAX_AGE_SECONDS="8") as server:
        async with server.socket() as hidden:
            assert await hidden.close_code() == 4000  # for its age, and not for silence


@pytest.mark.parametrize("frame", ["ping", "pong"])
async def test_frames_of_the_protocol_are_life_too(start: Start, frame: str) -> None:
    rests = {"HITL_WS_IDLE_SECONDS": "4", "HITL_WS_PING_SECONDS": "3600"}
    with start(**rests, HITL_WS_MAX_AGE_SECONDS="9") as server:
        async with server.socket() as lively, server.socket("lead") as silent:
            closed = asyncio.create_task(lively.connection.wait_closed())
            while not closed.done():
                with contextlib.suppress(ConnectionClosed):
                    await getattr(lively.connection, frame)(b"here")
                await asyncio.wait([closed], timeout=0.5)
            assert lively.connection.close_code == 4000
            assert await silent.close_code() == 4408


async def test_socket_of_the_maximum_age_is_closed_though_it_speaks(start: Start) -> None:
    with start(HITL_WS_MAX_AGE_SECONDS="4") as server:
        async with server.socket() as socket:
            closed = asyncio.create_task(socket.connection.wait_closed())
            while not closed.done():
                with contextlib.suppress(ConnectionClosed):
                    await socket.send({"type": "ping"})
                await asyncio.wait([closed], timeout=0.5)
            assert socket.connection.close_code == 4000
        await asyncio.to_thread(
            wait_for, lambda: open_connections(server) == 0, "the socket to be forgotten"
        )
