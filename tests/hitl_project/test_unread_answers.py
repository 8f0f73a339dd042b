"""A client that asks for much and reads none of it does not keep the answers in memory."""

import asyncio
import socket
from typing import Any
from urllib.parse import urlsplit

import psutil
import pytest

from tests.site import ANSWER_SECONDS, Server, Site, wait_for

DIFF = "+" + "x" * 1_000_000
AT_ONCE = 12
"""Answers of a megabyte: together more than the kernel keeps for a line."""


def asking(server: Server, apv: dict[str, Any]) -> socket.socket:
    """A connection that has asked for the diff of an APV several times and reads nothing."""
    line = socket.socket()
    line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    line.connect(("127.0.0.1", urlsplit(server.origin).port))
    cookie = f"hitl_session={server.client().cookies['hitl_session']}"
    ask = (
        f"GET /apvs/{apv['apv_code']}.diff HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: {cookie}\r\n\r\n"
    )
    line.sendall(ask.encode() * AT_ONCE)
    return line


def holds(server: Server, line: socket.socket) -> bool:
    """Whether the server process still has its end of a connection."""
    port = line.getsockname()[1]
    ends = psutil.Process(server.process.pid).net_connections("tcp")
    return any(one.raddr and one.raddr.port == port for one in ends)


def test_line_of_a_client_that_takes_nothing_is_cut(site: Site) -> None:
    with site.uvicorn(HITL_REQUEST_SECONDS="2") as server:
        line = asking(server, server.add_apv(patch_diff=DIFF))
        with line:
            assert holds(server, line)
            wait_for(lambda: not holds(server, line), "the line to be cut")


@pytest.mark.asyncio
async def test_client_that_reads_slowly_gets_all_of_it(site: Site) -> None:
    with site.uvicorn(HITL_REQUEST_SECONDS="2") as server:
        apv = await asyncio.to_thread(server.add_apv, patch_diff=DIFF)
        line = asking(server, apv)
        with line:
            line.settimeout(ANSWER_SECONDS)
            taken = 0
            while taken < AT_ONCE * len(DIFF):
                piece = await asyncio.to_thread(line.recv, 200_000)
                assert piece
                taken += len(piece)
