"""Shutdown: what a server still does, and what it leaves."""

import asyncio
import contextlib
import json
import os
import signal
import socket as sockets
import weakref
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

import httpx
import psutil
import psycopg
import pytest
import redis

from hitl_project.management.commands import serve
from tests.support.installations import Installation
from tests.support.processes import workers
from tests.support.site import Server, Site, hubs_listening
from tests.support.waiting import ANSWER_SECONDS, wait_for

RESTART = (1012, "The server restarts")
LONG: dict[str, Any] = {"HITL_SHUTDOWN_GRACE_SECONDS": "600"}
"""So long that only a second signal ends it, or that a test sees all it wants to see."""


def readiness(server: Server) -> tuple[int, str]:
    answer = httpx.get(f"{server.origin}/hitl/health/ready")
    return answer.status_code, answer.json()["status"]


def is_shutting_down(server: Server) -> bool:
    return readiness(server) == (503, "shutting down")


def listens(server: Server) -> bool:
    port = int(server.origin.rsplit(":", 1)[1])
    try:
        sockets.create_connection(("127.0.0.1", port)).close()
    except OSError:
        return False
    return True


@pytest.mark.parametrize("processes", [1, 2])
async def test_server_that_leaves_is_not_ready_but_serves_on_until_a_second_signal(
    site: Site, processes: int
) -> None:
    with site.uvicorn(WORKERS=str(processes), **LONG) as server:
        async with server.socket() as socket, server.socket() as other:
            assert "Connection" not in server.client("").get("/hitl/health/live").headers
            server.process.send_signal(signal.SIGTERM)
            await asyncio.to_thread(wait_for, lambda: is_shutting_down(server), "readiness to fail")
            answer = server.client("").get("/hitl/health/live")
            assert (answer.status_code, answer.headers["Connection"]) == (200, "close")
            await socket.subscribe("apvs")
            added = await asyncio.to_thread(server.add_apv)
            await socket.until(apv_id=added["apv_id"])
            async with server.socket("pipeline") as late:
                assert (await late.ask({"type": "ping"}))["type"] == "pong"
            server.process.send_signal(signal.SIGTERM)
            await asyncio.to_thread(server.process.wait, 10)
            codes = {await socket.close_code(), await other.close_code()}
            assert codes == {1012 if processes == 1 else 1006}  # workers are killed then
    assert "Traceback" not in server.printed()


async def test_sockets_are_closed_over_a_while_and_not_at_once(site: Site) -> None:
    """A hundred sockets take half a second of the allowed ten; then the server is gone."""
    with site.uvicorn() as server:
        async with contextlib.AsyncExitStack() as stack:
            opened = [await stack.enter_async_context(server.raw_socket()) for _ in range(100)]
            server.process.send_signal(signal.SIGTERM)
            await asyncio.gather(*(one.wait_closed() for one in opened))
        assert server.process.wait(20) == 0
    assert {(one.close_code, one.close_reason) for one in opened} == {RESTART}
    lines = [json.loads(line) for line in server.printed().splitlines() if line.startswith("{")]
    at = sorted(
        datetime.fromisoformat(line["timestamp"])
        for line in lines
        if line["event"] == "socket_closed"
    )
    assert len(at) == len(opened)
    assert (at[-1] - at[0]).total_seconds() > 0.2


@pytest.mark.parametrize("processes", [1, 2])
async def test_decision_under_way_is_finished_and_told(
    site: Site, uvicorn_server: Server, processes: int
) -> None:
    with site.uvicorn(WORKERS=str(processes)) as server, ThreadPoolExecutor(1) as pool:
        apv_id = server.add_apv()["apv_id"]
        server.client()
        async with uvicorn_server.socket() as elsewhere, server.socket() as here:
            await elsewhere.subscribe("decisions")
            with psycopg.connect(site.database_url) as holder:
                holder.execute("SELECT 1 FROM reviews_apv WHERE apv_id = %s FOR UPDATE", [apv_id])
                answer = pool.submit(server.decide, apv_id)
                waiting = "SELECT 1 FROM pg_locks WHERE NOT granted"
                await asyncio.to_thread(wait_for, lambda: site.rows(waiting), "it to wait")
                for process_id in (server.process.pid, *(one.pid for one in workers(server))):
                    os.kill(process_id, signal.SIGTERM)  # each, as init systems do
                assert await here.close_code() == 1012
                await asyncio.to_thread(wait_for, lambda: not listens(server), "the port's release")
                assert not answer.done()
            made = (await asyncio.wrap_future(answer)).json()
            assert made["apv_id"] == apv_id, made
            await elsewhere.until(type="decision_made", decision_id=made["decision_id"])
        server.process.wait(20)


def test_second_signal_stops_the_embedded_servers_too(installation: Installation) -> None:
    installation.environment |= LONG
    server = installation.serve()
    with httpx.Client(base_url=server.origin) as client:
        client.get("/hitl/health/live")
        server.process.send_signal(signal.SIGTERM)
        wait_for(lambda: is_shutting_down(server), "readiness to fail")
        assert len(installation.embedded()) >= 2
        server.process.send_signal(signal.SIGINT)
        assert server.process.wait(20) == 128 + signal.SIGINT
    wait_for(lambda: not installation.embedded(), "the embedded servers to stop")


async def test_workers_end_when_their_parent_is_killed(site: Site) -> None:
    with site.uvicorn(WORKERS="2", **LONG) as server:
        serving = workers(server)
        assert len(serving) == 2
        async with server.socket() as socket:
            server.process.kill()
            server.process.wait()
            assert await socket.close_code() == 1012
        await asyncio.to_thread(
            wait_for, lambda: not any(map(_runs, serving)), "the workers to end"
        )
        assert not listens(server)


def _runs(process: psutil.Process) -> bool:
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE


def test_worker_that_is_stuck_does_not_hold_up_a_second_signal(site: Site) -> None:
    with site.uvicorn(WORKERS="2") as server:
        stuck = workers(server)[0]
        stuck.suspend()
        server.process.send_signal(signal.SIGTERM)
        wait_for(lambda: not listens(server) or len(workers(server)) < 2, "the others to end")
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(20) == 0
        assert not _runs(stuck)


async def test_daphne_closes_its_sockets_with_a_word(site: Site) -> None:
    with site.daphne() as server:
        async with server.socket() as socket:
            server.process.send_signal(signal.SIGTERM)
            assert await socket.close_code() == 1012
        server.process.wait(20)


def test_server_ends_while_the_process_that_colours_is_busy(site: Site) -> None:
    with site.uvicorn() as server, ThreadPoolExecutor() as others:
        first, second = (server.add_apv(patch_diff=diff_of(name))["apv_code"] for name in "bc")
        assert server.client().get(f"/apvs/{first}").status_code == 200
        [lexer] = lexers_of(server)
        lexer.suspend()  # as good as one that never ends
        asked = others.submit(server.client().get, f"/apvs/{second}")
        assert server.client("lead").get("/").status_code == 200  # meanwhile
        server.process.send_signal(signal.SIGTERM)
        server.process.wait(ANSWER_SECONDS)
        with contextlib.suppress(httpx.HTTPError):
            asked.result()
        with contextlib.suppress(psutil.NoSuchProcess):
            lexer.resume()
        wait_for(lambda: not lexer.is_running(), "the process that colours to end")
    assert "Traceback" not in server.printed()


def diff_of(name: str) -> str:
    return f"--- a/{name}.py\n+++ b/{name}.py\n@@ -1 +1 @@\n-a = 1\n+{name} = 2\n"


def lexers_of(server: Server) -> list[psutil.Process]:
    children = psutil.Process(server.process.pid).children()
    return [one for one in children if "lexing.py" in " ".join(one.cmdline())]


async def test_server_that_is_interrupted_ends_without_waiting_and_leaves_the_groups(
    site: Site,
) -> None:
    with redis.Redis.from_url(os.environ["REDIS_URL"]) as client, site.uvicorn(**LONG) as server:
        before = hubs_listening(client)
        async with server.socket():
            await asyncio.to_thread(
                wait_for, lambda: hubs_listening(client) == before + 1, "the hub to join"
            )
        server.process.send_signal(signal.SIGINT)
        assert server.process.wait(20) == 0
        assert hubs_listening(client) == before


def test_signal_that_meets_a_finalizer_is_heeded() -> None:
    """An exception that a handler raises there would be lost, and the server would go on."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
    before = {number: signal.getsignal(number) for number in numbers}
    heeded: list[int] = []
    try:
        serve.catch_signals(lambda number, _: heeded.append(number))
        for number in (signal.SIGINT, signal.SIGTERM):
            weakref.finalize(Short(), signal.raise_signal, number)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    assert heeded == [signal.SIGINT, signal.SIGTERM]


class Short:
    """Lives until it is dropped."""
