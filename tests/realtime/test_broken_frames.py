"""Clients that break the protocol are closed at once, and nobody else notices."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass

import psycopg
import pytest

from tests.support.raw import (
    BINARY,
    CLOSE,
    CONT,
    CUT,
    LIMIT,
    PING,
    TEXT,
    assert_no_traceback,
    close,
    frame,
    raw_line,
)
from tests.support.site import Server, Site
from tests.support.waiting import ANSWER_SECONDS, pause, wait_for

PART = b'{"type":"ping","padding":"'


@dataclass(frozen=True)
class Broken:
    """What a client sends, and the codes with which it may be closed."""

    name: str
    sent: bytes
    codes: set[int | None]
    ends: bool = False
    """Whether the client then says that nothing more will come."""


BROKEN = [
    Broken("bad UTF-8", frame(TEXT, b'{"type":"\xff"}'), {1007}),
    Broken(
        "bad UTF-8 over two fragments",
        frame(TEXT, b"\xc3", fin=False) + frame(CONT, b"\x28"),
        {1007},
    ),
    Broken("character cut off at the end", frame(TEXT, b"\xe2\x82"), {1007}),
    Broken("encoded surrogate", frame(TEXT, b'{"type":"\xed\xa0\x80"}'), {1007}),
    Broken("unmasked frame", frame(TEXT, b'{"type":"ping"}', masked=False), {1002}),
    Broken("RSV1 without compression", frame(TEXT, b"{}", rsv=4), {1002}),
    Broken("RSV2", frame(TEXT, b"{}", rsv=2), {1002}),
    Broken("RSV3", frame(TEXT, b"{}", rsv=1), {1002}),
    Broken("reserved data opcode", frame(3, b"{}"), {1002}),
    Broken("reserved control opcode", frame(11, b"{}"), {1002}),
    Broken("ping of 126 bytes", frame(PING, b"x" * 126), {1002}),
    Broken("close of 126 bytes", close(1000, b"x" * 124), {1002}),
    Broken("fragmented ping", frame(PING, b"x", fin=False), {1002}),
    Broken("fragmented close", frame(CLOSE, b"\x03\xe8", fin=False), {1002}),
    Broken("continuation of nothing", frame(CONT, b"{}"), {1002}),
    Broken(
        "another message amid fragments",
        frame(TEXT, PART, fin=False) + frame(TEXT, b'{"type":"ping"}'),
        {1002},
    ),
    Broken("close of one byte", frame(CLOSE, b"\x03"), {1002}),
    Broken("close with code 999", close(999), {1002}),
    Broken("close with code 1005", close(1005), {1002}),
    Broken("close with code 2000", close(2000), {1002}),
    Broken("close with code 65535", close(65535), {1002}),
    Broken("close with a bad reason", close(1000, b"\xff\xfe"), {1007}),
    Broken("length with the top bit", frame(TEXT, length=2**63 + 5), {1002, 1009}),
    Broken("gigabytes announced", frame(TEXT, b"{", length=8 * 2**30), {1009}),
    Broken("byte over the limit announced", frame(TEXT, length=LIMIT + 1), {1009}),
    Broken("cut off in a frame", frame(TEXT, b'{"typ', length=100), {CUT}, ends=True),
    Broken("cut off in a header", b"\x81", {CUT}, ends=True),
    Broken(
        "fragments beyond the limit",
        frame(TEXT, PART, fin=False) + frame(CONT, b"x" * 1000, fin=False) * 20,
        {1009},
    ),
    Broken(
        "fragments of nothing without end",
        frame(TEXT, PART, fin=False) + frame(CONT, fin=False) * 20_000,
        {1009, CUT},  # a client that continues to send may lose the code
    ),
    Broken("binary frame", frame(BINARY, b'{"type":"ping"}'), {1003}),
    Broken("HTTP request", b"GET /hitl/ws HTTP/1.1\r\nHost: x\r\n\r\n", {1002}),
    Broken("garbage", bytes(range(255, 0, -1)) * 8, {1002}),
]


@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: broken.name)
async def test_broken_frames_close_their_socket_and_disturb_nobody(
    server: Server, broken: Broken
) -> None:
    told = len(server.printed())
    async with server.socket() as listener, raw_line(server) as line:
        await listener.subscribe("apvs")
        await line.send(broken.sent)
        if broken.ends:
            await line.end()
        code = await line.end_code()
        added = await asyncio.to_thread(server.add_apv)
        await listener.until(type="new_apv", apv_id=added["apv_id"])
    assert code in broken.codes
    assert_no_traceback(server, told)


@pytest.mark.parametrize(
    "early",
    [frame(3), frame(TEXT, b"\xff"), b"\x00" * 100, b"GET /hitl/ws HTTP/1.1\r\n\r\n"],
    ids=repr,
)
async def test_broken_frames_that_come_before_the_answer_end_the_line(
    server: Server, site: Site, early: bytes
) -> None:
    told = len(server.printed())
    server.client()
    with psycopg.connect(site.database_url) as holder:
        holder.execute("LOCK TABLE django_session IN ACCESS EXCLUSIVE MODE")
        async with raw_line(server, waits=False) as line:
            waiting = "SELECT 1 FROM pg_locks WHERE NOT granted"
            await asyncio.to_thread(wait_for, lambda: site.rows(waiting), "the client to wait")
            await line.send(early)
            await pause(0.1)  # usually it is read before the answer; it must end in any case
            holder.rollback()
            async with asyncio.timeout(ANSWER_SECONDS):
                with suppress(ConnectionError):
                    await line.reader.read()
    async with server.socket() as other:
        assert (await other.ask({"type": "ping"}))["type"] == "pong"
    assert_no_traceback(server, told)
