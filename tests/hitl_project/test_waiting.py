"""Every wait of the service has a limit, and delays nobody else."""

import asyncio
import statistics
import time
from contextlib import AsyncExitStack
from functools import partial
from typing import Any

import httpx
import psycopg
import pytest
from channels.testing import HttpCommunicator
from django.conf import settings

from hitl_project.servers import request_handler
from tests.support.site import Server, Site, Start, apv, decision
from tests.support.waiting import pause, wait_for

PING_BOUND = 0.25
"""What the specification allows; seen on a busy machine: 13 ms, a nineteenth of it."""
SETTINGS = {
    "lock_timeout": "10s",
    "statement_timeout": "20s",
    "idle_in_transaction_session_timeout": "1min",
}


class Pings:
    """Sockets that ping continuously, and the seconds that each answer took."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    async def go_on(self, server: Server) -> None:
        async with server.socket() as socket:
            while True:
                began = time.monotonic()
                await socket.ask({"type": "ping"})
                self.seconds.append(time.monotonic() - began)
                await pause(0.02)

    def take(self) -> list[float]:
        taken, self.seconds = self.seconds, []
        return taken


def p99(seconds: list[float]) -> float:
    return statistics.quantiles(seconds, n=100)[98]


async def write(client: httpx.AsyncClient) -> httpx.Response:
    return await client.post("/hitl/apvs", json=apv())


async def test_locked_table_refuses_requests_with_503_and_holds_up_no_socket(
    uvicorn_server: Server, site: Site
) -> None:
    server, session, pings = uvicorn_server, uvicorn_server.client("pipeline"), Pings()
    server.client()
    said = len(server.printed())
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(
            httpx.AsyncClient(
                base_url=server.origin, cookies=session.cookies, headers=session.headers, timeout=60
            )
        )
        pinging = [asyncio.create_task(pings.go_on(server)) for _ in range(5)]
        stack.callback(lambda: [one.cancel() for one in pinging])
        while len(pings.seconds) < 200:
            assert not any(task.done() for task in pinging)
            await pause(0.1)
        before = p99(pings.take())

        with psycopg.connect(site.database_url) as holder:
            holder.execute("LOCK TABLE reviews_apv IN ACCESS EXCLUSIVE MODE")
            answers = [asyncio.create_task(write(client)) for _ in range(20)]
            await asyncio.wait(answers, return_when=asyncio.FIRST_COMPLETED)
        during = p99(pings.take())

        answered = await asyncio.gather(*answers)
        assert (await write(client)).status_code == 201
    refused = [one for one in answered if one.status_code == 503]
    assert refused
    assert {one.status_code for one in answered} <= {201, 503}
    for one in refused:
        assert one.headers["Content-Type"] == "application/problem+json"
        assert one.headers["Retry-After"] == "2"
    assert during < max(PING_BOUND, 3 * before), (before, during)
    assert "Traceback" not in server.printed()[said:]


def test_every_session_of_postgres_is_bounded(site: Site) -> None:
    code = "from django.db import connection as c; k = c.cursor();"
    shown = ";".join(f'k.execute("SHOW {name}"); print(k.fetchone()[0])' for name in SETTINGS)
    assert site.manage("shell", "-v", "0", "-c", code + shown).split() == [*SETTINGS.values()]


@pytest.mark.parametrize("path", ["/hitl/apvs", "/"])
async def test_request_whose_turn_does_not_come_is_refused_with_503(
    monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    answer = await answered_without_turns(monkeypatch, path)
    assert answer["status"] == 503
    assert (b"Retry-After", b"2") in answer["headers"]
    assert b"There is more to do than can be done" in answer["body"]


async def test_probe_waits_for_no_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    answer = await answered_without_turns(monkeypatch, "/hitl/health/live")
    assert answer["status"] == 200


async def answered_without_turns(monkeypatch: pytest.MonkeyPatch, path: str) -> Any:
    """Return what a server answers that has no turn to give."""
    monkeypatch.setattr(request_handler, "SLOT_SECONDS", 0.05)
    monkeypatch.setattr(settings, "HITL_DB_POOL", request_handler.CONNECTIONS_OF_OTHERS)
    handler: Any = request_handler.OneThreadPerRequest()
    headers = [(b"host", b"localhost")]
    return await HttpCommunicator(handler, "GET", path, headers=headers).get_response()


def test_clients_that_hang_up_do_not_free_the_turns_of_threads_at_work(
    start: Start, site: Site
) -> None:
    """A pool of ten has slots for three requests; the sockets' own connections stay free."""
    with start(HITL_DB_POOL="10") as server:
        turns = 10 - request_handler.CONNECTIONS_OF_OTHERS
        apv_id = server.add_apv()["apv_id"]
        signed_in = server.client()

        def waiting() -> int:
            return len(site.rows("SELECT 1 FROM pg_locks WHERE NOT granted"))

        def waits(count: int) -> bool:
            return waiting() >= count

        with psycopg.connect(site.database_url) as holder:
            holder.execute("SELECT 1 FROM reviews_apv WHERE apv_id = %s FOR UPDATE", [apv_id])
            for number in range(1, 2 * turns + 1):
                with (
                    httpx.Client(
                        base_url=server.origin, cookies=signed_in.cookies, headers=signed_in.headers
                    ) as client,
                    pytest.raises(httpx.ReadTimeout),
                ):
                    client.post("/hitl/decisions", json=decision(apv_id), timeout=0.3)
                wait_for(partial(waits, min(number, turns)), "them to wait")
            assert waiting() == turns
        assert server.client("pipeline").get("/hitl/apvs").status_code == 200
