"""HITL_WS_COMPRESSION: its cost is limited, whatever a client compresses."""

import asyncio
from collections.abc import Iterator

import pytest

from tests.support.raw import (
    BINARY,
    CONT,
    PING,
    TEXT,
    RawLine,
    assert_no_traceback,
    deflated,
    frame,
    raw_line,
)
from tests.support.site import Server, Site

OFFER = "permessage-deflate; client_max_window_bits"
PACKED = 4
"""RSV1, which tells of compression."""
BOMB = deflated(b'{"type":"ping","padding":"' + b"x" * 8_000_000)


@pytest.fixture(scope="module")
def server(site: Site) -> Iterator[Server]:
    with site.uvicorn(HITL_WS_COMPRESSION="on") as server:
        yield server


def agreed(line: RawLine) -> str:
    """Return the extensions in the server's answer to the handshake."""
    found = [one for one in line.headers.splitlines() if one.startswith("Sec-WebSocket-Ext")]
    return found[0].partition(": ")[2] if found else ""


async def test_compression_keeps_nothing_between_messages(server: Server) -> None:
    async with raw_line(server, offer=OFFER) as line:
        assert agreed(line) == (
            "permessage-deflate; server_no_context_takeover; client_no_context_takeover; "
            "server_max_window_bits=12; client_max_window_bits=12"
        )


async def test_events_reach_a_socket_that_is_compressed_and_one_that_is_not(
    server: Server,
) -> None:
    async with (
        server.socket(compression="deflate") as packed,
        server.socket(compression=None) as plain,
    ):
        assert packed.connection.protocol.extensions
        assert not plain.connection.protocol.extensions
        for socket in (packed, plain):
            await socket.subscribe("apvs")
        for _ in range(3):
            added = await asyncio.to_thread(server.add_apv, package_name="x" * 200)
            for socket in (packed, plain):
                assert (await socket.receive())["apv_id"] == added["apv_id"]
        assert (await packed.ask({"type": "xyz"}))["error_code"] == "INVALID_MESSAGE"
        await packed.connection.send("{")
        assert await packed.close_code() == 1007


BROKEN = {
    "what inflates beyond the limit": (frame(TEXT, BOMB, rsv=PACKED), 1009),
    "what inflates beyond the limit in pieces": (
        frame(TEXT, BOMB[:20], rsv=PACKED, fin=False)
        + b"".join(frame(CONT, BOMB[at : at + 20], fin=False) for at in range(20, 2000, 20)),
        1009,
    ),
    "what does not inflate": (frame(TEXT, b"\xff\xfe\xfd", rsv=PACKED), 1002),
    "bad UTF-8 inside": (frame(TEXT, deflated(b'{"type":"\xff"}'), rsv=PACKED), 1007),
    "binary inside": (frame(BINARY, deflated(b"{}"), rsv=PACKED), 1003),
    "malformed JSON inside": (frame(TEXT, deflated(b"{"), rsv=PACKED), 1007),
    "compressed ping": (frame(PING, deflated(b"x"), rsv=PACKED), 1002),
    "continuation that says it is compressed": (
        frame(TEXT, deflated(b"{}"), rsv=PACKED, fin=False) + frame(CONT, b"", rsv=PACKED),
        1002,
    ),
    "RSV2": (frame(TEXT, deflated(b"{}"), rsv=PACKED | 2), 1002),
}


@pytest.mark.parametrize("what", BROKEN)
async def test_broken_compression_closes_its_socket_only(server: Server, what: str) -> None:
    sent, code = BROKEN[what]
    told = len(server.printed())
    async with server.socket() as other, raw_line(server, offer=OFFER) as line:
        await line.send(sent)
        assert await line.end_code() == code
        assert (await other.ask({"type": "ping"}))["type"] == "pong"
    assert_no_traceback(server, told)


async def test_nothing_is_compressed_unless_it_is_switched_on(uvicorn_server: Server) -> None:
    async with raw_line(uvicorn_server, offer=OFFER) as line:
        assert agreed(line) == ""


async def test_daphne_never_compresses(site: Site) -> None:
    with site.daphne(HITL_WS_COMPRESSION="on") as server:
        async with raw_line(server, offer=OFFER) as line:
            assert agreed(line) == ""
            await line.send(frame(TEXT, BOMB, rsv=PACKED))
            assert await line.end_code() == 1002
