"""Limits on the number of sockets."""

import asyncio
import contextlib

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from tests.support.metrics import numbers
from tests.support.people import refusal
from tests.support.site import Server, Site

FULL = (1008, "Server at capacity")


async def closed_with(server: Server, user: str) -> tuple[int, str]:
    cookie = server.client(user).cookies["hitl_session"]
    headers = {"Cookie": f"hitl_session={cookie}"}
    return await refusal(server, headers=headers, origin=server.origin)


async def test_user_with_too_many_sockets_opens_no_more_until_one_is_closed(site: Site) -> None:
    with site.uvicorn(HITL_WS_MAX_PER_USER="2") as server:
        async with server.socket("lead"), server.socket("reviewer"):
            async with server.socket("lead"):
                before = numbers(server)
                assert await closed_with(server, "lead") == FULL
                assert numbers(server).since(before)["hitl_websocket_closes_total{1008}"] == 1
                assert '"socket_refused"' in server.printed()
                async with server.socket("reviewer"):
                    pass
            async with server.socket("lead"):
                pass


async def test_of_many_sockets_of_a_user_at_once_only_so_many_stay(site: Site) -> None:
    with site.uvicorn(HITL_WS_MAX_PER_USER="5") as server:
        server.client()
        async with contextlib.AsyncExitStack() as stack:
            opening = [stack.enter_async_context(server.raw_socket()) for _ in range(30)]
            lines = await asyncio.gather(*opening)
            first = await asyncio.gather(*[_first(line) for line in lines])
    assert sorted(first) == ["ack"] * 5 + ["closed"] * 25


async def _first(line: ClientConnection) -> str:
    try:
        await line.recv()
    except ConnectionClosed:
        return "closed"
    return "ack"


async def test_process_with_too_many_sockets_takes_no_more(site: Site) -> None:
    with site.daphne(HITL_WS_MAX_CONNECTIONS="2") as server:
        async with server.socket("lead"), server.socket("reviewer"):
            assert await closed_with(server, "pipeline") == FULL


async def test_open_access_counts_no_sockets_of_a_user(site: Site) -> None:
    with site.uvicorn(HITL_WS_MAX_PER_USER="1", HITL_OPEN_ACCESS="on") as server:
        async with server.socket(""), server.socket(""), server.socket(""):
            pass
