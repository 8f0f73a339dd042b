"""Connections that send nothing, or too much."""

import contextlib
import resource
import socket
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from hitl_project.servers.connections import Connections
from tests.support.http_line import Line
from tests.support.site import Server, Start
from tests.support.waiting import ANSWER_SECONDS, wait_for

FEW = 30


def opened(server: Server, count: int, stack: contextlib.ExitStack) -> list[socket.socket]:
    """Open connections and send nothing."""
    port = int(server.origin.rpartition(":")[2])
    return [
        stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=ANSWER_SECONDS))
        for _ in range(count)
    ]


def is_closed(line: socket.socket) -> bool:
    """Return whether the server has closed it, with or without a response."""
    line.setblocking(False)
    try:
        while line.recv(65536):
            pass
    except BlockingIOError:
        return False
    except ConnectionResetError:
        pass
    return True


def closed(lines: list[socket.socket]) -> int:
    return sum(map(is_closed, lines))


@pytest.fixture
def few_files() -> Iterator[None]:
    """Set a usual default limit on open files, for processes started meanwhile."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_one_address_takes_no_more_than_its_share_and_others_are_served(start: Start) -> None:
    with start(HITL_CONNECTIONS_PER_ADDRESS=str(FEW)) as server, contextlib.ExitStack() as stack:
        lines = opened(server, 3 * FEW, stack)
        wait_for(lambda: closed(lines) >= 2 * FEW, "those beyond to be closed")
        other = httpx.HTTPTransport(local_address="127.0.0.2")
        with httpx.Client(transport=other) as client:
            assert client.get(f"{server.origin}/hitl/health/live").status_code == 200
            text = client.get(f"{server.origin}/hitl/metrics").text
        assert 'hitl_connections_refused_total{reason="address"}' in text
        assert server.printed().count("connections_refused") == 1
        assert '"ip": "127.0.0.1"' in server.printed()
    assert "Traceback" not in server.printed()


def test_network_of_ipv6_counts_as_one_address(settings: Any) -> None:
    settings.HITL_CONNECTIONS_PER_ADDRESS = 2
    settings.HITL_TRUSTED_PROXIES = ["2001:db8::ffff"]
    connections = Connections()
    assert connections.admit("first", "2001:db8::1")
    assert all(connections.admit(number, "2001:db8::ffff") for number in range(5))
    assert connections.admit("second", "2001:db8::2")
    assert not connections.admit("third", "2001:db8::3")
    assert connections.admit("of others", "2001:db8:0:1::1")
    connections.release("first")
    assert connections.admit("third", "2001:db8::3")


def test_proxies_have_no_share(start: Start) -> None:
    variables = {"HITL_CONNECTIONS_PER_ADDRESS": "5", "HITL_TRUSTED_PROXIES": "127.0.0.0/8"}
    with start(**variables) as server, contextlib.ExitStack() as stack:
        lines = opened(server, FEW, stack)
        assert server.answers()
        assert closed(lines) == 0


async def test_socket_counts_until_it_ends(start: Start) -> None:
    with start(HITL_CONNECTIONS_PER_ADDRESS="4") as server:
        server.client().close()
        server.client().headers["Connection"] = "close"
        for _ in range(12):
            async with server.socket() as one:
                assert (await one.ask({"type": "ping"}))["type"] == "pong"


def test_limit_on_open_files_is_raised_as_far_as_it_goes(few_files: None, start: Start) -> None:
    with start(HITL_WS_MAX_CONNECTIONS="1000") as server:
        soft, _ = resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE)
        assert soft > 1000
        assert "too_few_open_files" not in server.printed()


def test_hard_limit_that_is_too_low_is_said_and_leaves_room_for_work(start: Start) -> None:
    """When connections have used up a process's open files, it continues, and refuses more."""
    with start() as server, contextlib.ExitStack() as stack:
        resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE, (400, 400))
        first = opened(server, 150, stack)
        others = [stack.enter_context(_from("127.0.0.2", server)) for _ in range(150)]
        wait_for(lambda: closed(first) + closed(others) >= 100, "those beyond to be closed")
        for line in [*first, *others]:
            line.close()
        wait_for(server.answers, "an answer")
        assert server.client().get("/hitl/reviews").status_code == 200
        assert "connections_refused" in server.printed()
    with start(HITL_WS_MAX_CONNECTIONS="900000000") as server:
        assert "too_few_open_files" in server.printed()


def _from(address: str, server: Server) -> socket.socket:
    port = int(server.origin.rpartition(":")[2])
    return socket.create_connection(("127.0.0.1", port), source_address=(address, 0))


def test_connection_that_says_nothing_is_closed_within_seconds(start: Start) -> None:
    with start(HITL_REQUEST_SECONDS="2") as server, contextlib.ExitStack() as stack:
        lines = opened(server, FEW, stack)
        wait_for(lambda: closed(lines) == FEW, "all to be closed")
        wait_for(lambda: "connections_refused" in server.printed(), "the log to tell")
        assert server.answers()


# -- Heads ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "head",
    [
        ["X-Padding: " + "x" * 100_000],
        [f"X-Padding-{number}: " + "x" * 1000 for number in range(100)],
        ["Cookie: " + "a=b; " * 20_000],
    ],
    ids=["one", "many", "cookies"],
)
def test_large_head_is_refused(server: Server, head: list[str]) -> None:
    with Line(server) as line:
        line.socket.sendall(
            "\r\n".join(["GET / HTTP/1.1", "Host: 127.0.0.1", *head, "", ""]).encode()
        )
        status, body = line.answer()
    assert status == 431, body
    assert server.answers()


def test_long_address_is_refused(server: Server) -> None:
    with Line(server) as line:
        line.socket.sendall(f"GET /?{'x' * 100_000} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
        assert line.answer()[0] == 431


def test_head_of_a_usual_size_is_taken(server: Server) -> None:
    answer = server.client().get("/hitl/reviews", headers={"X-Padding": "x" * 8000})
    assert answer.status_code == 200
