"""The log of a server process: a JSON object per line, one line for each event."""

import asyncio
import json
import re
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import httpx
import pytest
from websockets.exceptions import InvalidStatus

from hitl_project.logs import _renderer
from tests.support.site import Server, Site, apv, sign_in
from tests.support.waiting import wait_for


def lines(server: Server) -> list[dict[str, Any]]:
    return [json.loads(line) for line in server.printed().split("\n") if line.startswith("{")]


def line_of(server: Server, **fields: Any) -> dict[str, Any]:
    """Wait for the one line with these fields, and return it."""

    def found() -> list[dict[str, Any]]:
        return [one for one in lines(server) if fields.items() <= one.items()]

    wait_for(found, f"a line with {fields}")
    [line] = found()
    return line


@pytest.fixture
def quick(uvicorn_server: Server) -> Server:
    return uvicorn_server


# -- Requests ---------------------------------------------------------------------------------


def test_request_leaves_one_line_under_the_id_that_the_answer_bears(server: Server) -> None:
    answer = server.client().get("/hitl/reviews?search=secret")
    line = line_of(server, request_id=answer.headers["X-Request-ID"])
    assert (line["event"], line["request"], line["code"]) == (
        "request_finished",
        "GET /hitl/reviews",
        200,
    )
    assert line["level"] == "info"
    assert line["user_id"] > 0
    assert line["ip"] == "127.0.0.1"
    assert line["duration_s"] > 0
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+Z", line["timestamp"])


def test_fitting_request_id_of_a_proxy_is_taken_over(server: Server) -> None:
    given = f"proxy-{uuid4()}"
    answer = server.client().get("/hitl/reviews", headers={"X-Request-ID": given})
    assert answer.headers["X-Request-ID"] == given
    assert line_of(server, request_id=given)


@pytest.mark.parametrize("given", ["", "two words", '{"event":"forged"}', "x" * 65, "a\tb"])
def test_request_id_that_could_spoil_the_log_is_replaced(quick: Server, given: str) -> None:
    answer = quick.client().get("/hitl/reviews", headers={"X-Request-ID": given})
    assert re.fullmatch(r"[0-9a-f-]{36}", answer.headers["X-Request-ID"])


@pytest.mark.parametrize("mark", "\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029")
def test_no_end_of_a_line_ends_a_line_of_json(mark: str) -> None:
    renderer = _renderer("json")
    line = renderer(None, "info", {"event": f"one{mark}two", "exception": f"ação{mark}"})
    assert isinstance(line, str)
    assert line.splitlines() == [line]
    assert json.loads(line) == {"event": f"one{mark}two", "exception": f"ação{mark}"}
    assert "ação" in line


def test_failure_leaves_its_traceback_once_and_its_request_id(quick: Server, site: Site) -> None:
    site.execute("ALTER TABLE reviews_idempotencykey RENAME TO elsewhere")
    try:
        headers = {"Idempotency-Key": str(uuid4())}
        answer = quick.post("/hitl/apvs", apv(), user="pipeline", **headers)
    finally:
        site.execute("ALTER TABLE elsewhere RENAME TO reviews_idempotencykey")
    assert answer.status_code == 500
    line = line_of(quick, request_id=answer.headers["X-Request-ID"])
    assert (line["event"], line["level"], line["code"]) == ("request_failed", "error", 500)
    assert line["exception"].startswith("Traceback")
    assert quick.printed().count('relation \\"reviews_idempotencykey\\" does not exist') == (
        line["exception"].count('relation "reviews_idempotencykey" does not exist')
    )


def test_probes_and_files_leave_no_line(quick: Server) -> None:
    client = quick.client()
    for path in (
        "/hitl/health",
        "/hitl/health/ready",
        "/hitl/metrics",
        "/static/reviews/admin.css",
    ):
        assert client.get(path).status_code == 200
    marker = client.get("/hitl/reviews").headers["X-Request-ID"]
    assert line_of(quick, request_id=marker)
    assert not [one for one in lines(quick) if "/health" in one.get("request", "")]
    assert not [one for one in lines(quick) if "/static" in one.get("request", "")]


# -- Sockets ----------------------------------------------------------------------------------


async def test_socket_leaves_a_line_when_it_opens_and_one_when_it_ends(each_server: Server) -> None:
    given = f"proxy-{uuid4()}"
    async with each_server.socket(headers={"X-Request-ID": given}) as socket:
        client_id = socket.ack["client_id"]
        await socket.subscribe("apvs")
        added = await asyncio.to_thread(each_server.add_apv)
        events = [await socket.receive()]
        while events[-1]["apv_id"] != added["apv_id"]:
            events.append(await socket.receive())
        events += await socket.heard_before_pong()
    opened = line_of(each_server, event="socket_opened", client_id=client_id)
    assert opened["request_id"] == given
    assert opened["ip"] == "127.0.0.1"
    assert opened["user_id"] > 0
    closed = await asyncio.to_thread(
        line_of, each_server, event="socket_closed", client_id=client_id
    )
    assert (closed["code"], closed["messages_in"]) == (1000, 2)
    assert closed["messages_out"] == 3 + len(events)  # with ack, confirmation and pong
    assert closed["duration_s"] > 0
    assert closed["user_id"] == opened["user_id"]


async def test_line_of_an_end_by_the_server_says_why(each_server: Server) -> None:
    async with each_server.socket() as socket:
        await socket.connection.send("{")
        assert await socket.close_code() == 1007
        client_id = socket.ack["client_id"]
    closed = await asyncio.to_thread(
        line_of, each_server, event="socket_closed", client_id=client_id
    )
    assert (closed["code"], closed["reason"]) == (1007, "Malformed JSON")


async def test_line_of_a_line_that_broke_says_so(each_server: Server) -> None:
    async with each_server.socket() as socket:
        client_id = socket.ack["client_id"]
        socket.connection.transport.abort()
    closed = await asyncio.to_thread(
        line_of, each_server, event="socket_closed", client_id=client_id
    )
    assert closed["code"] in {1005, 1006}  # the servers do not agree on which


async def test_refused_sockets_leave_a_line_that_says_why(each_server: Server) -> None:
    given = f"proxy-{uuid4()}"
    with pytest.raises(InvalidStatus):
        async with each_server.raw_socket(
            origin="https://evil.example", headers={"X-Request-ID": f"{given}-origin"}
        ):
            pass
    async with each_server.raw_socket("", headers={"X-Request-ID": f"{given}-token"}) as connection:
        await connection.wait_closed()
    origin = await asyncio.to_thread(line_of, each_server, request_id=f"{given}-origin")
    assert (origin["event"], origin["code"]) == ("socket_refused", 403)
    token = await asyncio.to_thread(line_of, each_server, request_id=f"{given}-token")
    assert (token["event"], token["code"], token["reason"]) == (
        "socket_refused",
        1008,
        "Invalid token",
    )


# -- Secrets and forms ------------------------------------------------------------------------


@pytest.fixture(scope="module", params=["uvicorn", "daphne"])
def talkative(request: Any, site: Site) -> Iterator[Server]:
    """A server that logs at every level."""
    with getattr(site, request.param)(LOG_LEVEL="DEBUG") as server:
        yield server


async def test_no_credential_and_no_query_string_comes_into_the_log(talkative: Server) -> None:
    canary = f"canary{uuid4().hex}"
    headers = {"Authorization": f"Token {canary}", "Cookie": f"hitl_session={canary}"}

    def ask() -> None:
        with httpx.Client(base_url=talkative.origin) as client:
            for path in ("/", "/hitl/reviews", "/hitl/nothing", "/admin/", "/sign-in", "/hitl/ws"):
                client.get(f"{path}?token={canary}", headers=headers)
            page = client.get("/sign-in")
            form = {"username": "reviewer", "password": canary}
            form["csrfmiddlewaretoken"] = page.cookies["csrftoken"]
            client.post("/sign-in", data=form, headers={"Referer": talkative.origin})
            client.post("/sign-in", data={"password": canary})
            sign_in(client, "reviewer")
            assert client.get("/hitl/reviews").status_code == 200
            secrets.extend([client.cookies["hitl_session"], client.cookies["csrftoken"]])

    secrets = [canary]
    await asyncio.to_thread(ask)
    address = f"{talkative.ws}?token={canary}"
    async with talkative.raw_socket("", uri=address, headers=headers) as connection:
        await connection.wait_closed()
    with pytest.raises(InvalidStatus):
        async with talkative.raw_socket("", uri=address, origin="https://evil.example"):
            pass
    with pytest.raises(InvalidStatus):
        async with talkative.raw_socket("", uri=address.replace("/hitl/ws", "/elsewhere")):
            pass
    async with talkative.socket() as socket:
        await socket.connection.send(f'{{"type": "{canary}"}}')
        await socket.connection.send(canary)
        await socket.close_code()
        client_id = socket.ack["client_id"]
    await asyncio.to_thread(line_of, talkative, event="socket_closed", client_id=client_id)
    printed = talkative.printed()
    assert "request_started" in printed
    assert [secret for secret in secrets if secret in printed] == []


def test_line_that_a_library_writes_is_an_object_too(site: Site) -> None:
    with site.uvicorn() as server:
        httpx.get(f"{server.origin}/", headers={"Connection": "Upgrade", "Upgrade": "h2c"})
        wait_for(lambda: "Unsupported upgrade" in server.printed(), "Uvicorn to complain")
        assert line_of(server, logger="uvicorn.error", level="warning")


def test_lines_for_people_are_columns(site: Site) -> None:
    with site.uvicorn(LOG_FORMAT="console") as server:
        answer = server.client().get("/hitl/reviews")
        wait_for(lambda: answer.headers["X-Request-ID"] in server.printed(), "the line")
    assert re.search(r"^\S+Z \[info +\] request_finished ", server.printed(), re.MULTILINE)
    assert "{" not in server.printed()
