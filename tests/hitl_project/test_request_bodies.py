"""Requests that are too large or too slow, over a plain connection."""

import json
import socket
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.support.http_line import PIECE, Line
from tests.support.site import Server, Site, apv
from tests.support.waiting import ANSWER_SECONDS

MOST = 1024 * 1024


@pytest.fixture(scope="module")
def server(site: Site) -> Iterator[Server]:
    """A server that takes a megabyte."""
    with site.uvicorn(HITL_MAX_BODY_BYTES=str(MOST)) as running:
        yield running


def assert_refused(answer: tuple[int, str], status: int) -> None:
    assert answer[0] == status, answer
    problem = json.loads(answer[1])
    assert (problem["status"], problem["type"]) == (status, "about:blank")


# -- Size -------------------------------------------------------------------------------------


def test_declared_length_over_the_bound_is_refused_before_anything_is_sent(server: Server) -> None:
    with Line(server) as line:
        line.head(f"Content-Length: {10 * 1024**3}", "Content-Type: application/json")
        assert_refused(line.answer(), 413)


def test_pages_refuse_it_with_a_page(server: Server) -> None:
    with Line(server) as line:
        line.head(f"Content-Length: {10 * 1024**3}", path="/apvs/APV-2026-001")
        status, page = line.answer()
    assert status == 413
    assert "<h1>This request was not accepted</h1>" in page
    assert "The request is larger than may be sent here." in page


def test_line_on_which_chunks_go_on_is_closed(server: Server) -> None:
    with Line(server) as line:
        line.head("Transfer-Encoding: chunked", "Content-Type: application/json")
        with pytest.raises(OSError, match=r"reset|pipe"):
            line.chunks_for_ever()
    assert server.answers()


def test_chunks_over_the_bound_are_refused_with_a_problem(server: Server) -> None:
    with Line(server) as line:
        line.head("Transfer-Encoding: chunked", "Content-Type: application/json")
        for _ in range(2 * MOST // len(PIECE)):
            line.chunk(PIECE)
        assert_refused(line.answer(), 413)


def test_client_that_reads_only_when_it_has_sent_all_reads_the_refusal(server: Server) -> None:
    answer = server.client("pipeline").post(
        "/hitl/apvs", content=PIECE * 200, headers={"Content-Type": "application/json"}
    )
    assert answer.status_code == 413


def test_what_is_refused_is_not_kept_on_disk(server: Server) -> None:
    def spooled() -> int:
        """Return the bytes in deleted temporary files of the server, which no folder lists."""
        process = psutil.Process(server.process.pid)
        files = Path(f"/proc/{process.pid}/fd").iterdir()
        return sum(_spooled(one) for one in files)

    with Line(server) as line:
        line.head(f"Content-Length: {100 * MOST}", "Content-Type: application/json")
        for _ in range(64):
            try:
                line.socket.sendall(PIECE)
            except OSError:
                break
            assert spooled() <= MOST + len(PIECE)


def _spooled(descriptor: Path) -> int:
    try:
        target = str(descriptor.readlink())
        is_spool = target.startswith(tempfile.gettempdir()) and "(deleted)" in target
        return descriptor.stat().st_size if is_spool else 0
    except OSError:  # closed meanwhile
        return 0


def test_thousand_apvs_with_long_diffs_are_read_to_the_last(uvicorn_server: Server) -> None:
    many = [apv(patch_diff="+" * 30_000) for _ in range(999)]
    answer = uvicorn_server.post("/hitl/apvs", [*many, apv(severity="HUGE")], user="pipeline")
    assert answer.status_code == 400
    assert list(answer.json()["errors"]) == ["[999].severity"]


# -- Time -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def hasty(site: Site) -> Iterator[Server]:
    """A server that gives a request two seconds."""
    with site.uvicorn(HITL_REQUEST_SECONDS="2") as running:
        yield running


def drip(line: Line, data: bytes) -> None:
    """Send byte by byte until the server refuses."""
    ends = time.monotonic() + ANSWER_SECONDS
    for byte in data:
        if time.monotonic() > ends:
            break
        try:
            line.socket.sendall(bytes([byte]))
        except OSError:
            return
        if _answered(line):
            return
    pytest.fail("the server went on listening")


def _answered(line: Line) -> bool:
    """Return whether the server answered within the pause between two bytes."""
    line.socket.settimeout(0.2)
    try:
        return line.socket.recv(1, socket.MSG_PEEK) is not None
    except TimeoutError:
        return False
    finally:
        line.socket.settimeout(ANSWER_SECONDS)


def test_body_that_trickles_in_is_refused_and_a_patient_client_served(hasty: Server) -> None:
    with Line(hasty) as line:
        line.head("Content-Length: 1000", "Content-Type: application/json")
        drip(line, b" " * 1000)
        assert_refused(line.answer(), 408)
    assert hasty.add_apv()


def test_head_that_trickles_in_ends_the_line(hasty: Server) -> None:
    with Line(hasty) as line:
        drip(line, b"GET /hitl/health HTTP/1.1\r\n" + b"X-Padding: x\r\n" * 1000)
        line.socket.settimeout(ANSWER_SECONDS)
        while line.socket.recv(65536):
            pass


def test_silent_line_is_closed_and_one_that_asks_again_is_not(hasty: Server) -> None:
    with Line(hasty) as silent, Line(hasty) as lively:
        ends = time.monotonic() + ANSWER_SECONDS
        while not silent.is_closed():
            assert time.monotonic() < ends
            lively.socket.sendall(b"GET /hitl/health/live HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            assert lively.answer()[0] == 200


def test_head_without_an_end_is_refused(server: Server) -> None:
    with Line(server) as line:
        line.socket.sendall(b"GET / HTTP/1.1\r\n")
        try:
            for _ in range(10_000):
                line.socket.sendall(b"X-Padding: " + b"x" * 1000 + b"\r\n")
        except OSError:
            return
    pytest.fail("the server took ten megabytes of head")
