"""A client that requests much and reads nothing does not keep responses in memory."""

import socket
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import psutil
import pytest

from tests.support.site import Server, Site
from tests.support.waiting import ANSWER_SECONDS, wait_for

pytestmark = pytest.mark.server

DIFF = "+" + "x" * 1_000_000
PATIENCE = 4
"""How many seconds the server waits for a client that takes nothing."""
PIECE = 100_000
AT_ONCE = 12
"""Answers of a megabyte: together more than the kernel keeps for a line."""


def asking(
    server: Server, apv: dict[str, Any], times: int = AT_ONCE, *, small: bool = True
) -> socket.socket:
    """Request the diff of an APV several times on a connection, and read nothing.

    A `small` one has small buffers.
    """
    line = socket.socket()
    if small:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    line.connect(("127.0.0.1", urlsplit(server.origin).port))
    cookie = f"hitl_session={server.client().cookies['hitl_session']}"
    ask = (
        f"GET /apvs/{apv['apv_code']}.diff HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: {cookie}\r\n\r\n"
    )
    wait_for(lambda: holds(server, line), "the connection to be taken")
    line.sendall(ask.encode() * times)
    return line


def holds(server: Server, line: socket.socket) -> bool:
    """Return whether the server process still has its end of a connection."""
    port = line.getsockname()[1]
    ends = psutil.Process(server.process.pid).net_connections("tcp")
    return any(one.raddr and one.raddr.port == port for one in ends)


@pytest.fixture(scope="module")
def server(site: Site) -> Iterator[Server]:
    """A server that soon drops clients that read nothing."""
    with site.uvicorn(HITL_REQUEST_SECONDS=str(PATIENCE)) as running:
        yield running


def test_line_of_a_client_that_takes_nothing_is_cut(server: Server) -> None:
    with asking(server, server.add_apv(patch_diff=DIFF)) as line:
        wait_for(lambda: not holds(server, line), "the line to be cut")


def test_client_that_reads_slowly_gets_all_of_it(server: Server) -> None:
    apv, times = server.add_apv(patch_diff=DIFF), 30
    with asking(server, apv, times, small=False) as line:
        line.settimeout(ANSWER_SECONDS)
        taken = 0
        while taken < times * len(DIFF):
            time.sleep(0.02)  # all of it takes longer than the server's patience
            piece = line.recv(PIECE)
            assert piece
            taken += len(piece)


def test_answers_to_requests_that_wait_are_made_one_after_another(server: Server) -> None:
    """Requests on one connection, without reading, cost the memory of one response."""
    process = psutil.Process(server.process.pid)
    apv = server.add_apv(patch_diff=DIFF)
    path = f"/apvs/{apv['apv_code']}.diff"
    server.client().get(path)
    before = process.memory_info().rss
    with asking(server, apv, times=100) as line:
        most = before
        while holds(server, line):
            most = max(most, process.memory_info().rss)
    assert most - before < 20 * len(DIFF)


APVS = """
INSERT INTO reviews_apv SELECT copy.* FROM reviews_apv whole, generate_series(1, %s) number,
    jsonb_populate_record(whole, jsonb_build_object(
        'apv_id', gen_random_uuid(), 'apv_code', 'APV-2000-' || (1000 + number))) copy
"""
DECISIONS = """
INSERT INTO reviews_decision
SELECT copy.* FROM reviews_apv apv, (SELECT * FROM reviews_decision LIMIT 1) whole,
    jsonb_populate_record(NULL::reviews_decision, to_jsonb(whole) || jsonb_build_object(
        'decision_id', gen_random_uuid(), 'apv_id', apv.apv_id)) copy
WHERE apv.apv_id <> whole.apv_id
"""
COUNT = 3000
PLAIN = {"Accept-Encoding": "identity"}


@pytest.fixture(scope="session")  # its database can be made only once
def large() -> Site:
    """A database with one APV and its long decision, and many copies of both."""
    site = Site("unread")
    with site.uvicorn() as server:
        answer = server.decide(server.add_apv()["apv_id"], justification="So it is. " * 480)
        assert answer.status_code == 200
    site.execute(APVS, COUNT - 1)
    site.execute(DECISIONS)
    return site


def test_client_that_reads_an_export_slowly_gets_all_of_it(large: Site) -> None:
    lines = 0
    with (
        large.uvicorn(HITL_REQUEST_SECONDS=str(PATIENCE)) as server,
        server.client().stream("GET", "/decisions.jsonl", headers=PLAIN) as answer,
    ):
        for piece in answer.iter_raw(PIECE):
            time.sleep(0.04)  # all of it takes longer than the server's patience
            lines += piece.count(b"\n")
    assert lines == COUNT
