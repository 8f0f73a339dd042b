"""PostgreSQL stops under a running server, and returns."""

import asyncio
import contextlib
import inspect
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import psutil
import psycopg
import pytest

from hitl_project.postgresql.connections import bounded
from hitl_project.postgresql.liveness import QUIET_SECONDS
from tests.support.installations import Installation, installed
from tests.support.outages import frozen, start_postgres, stop_postgres, url_of
from tests.support.replicas import Pair, ReplicatedSite
from tests.support.site import Server, Site, apv, decision
from tests.support.waiting import ANSWER_SECONDS, SETTLE_SECONDS, wait_for

REQUESTS = 40
"""More than a process runs at once."""


def readiness(server: Server) -> tuple[int, str]:
    answer = httpx.get(f"{server.origin}/hitl/health/ready", timeout=20)
    return answer.status_code, answer.json()["status"]


@pytest.fixture(scope="module")
def installation() -> Iterator[Installation]:
    """An installation of all tests, of which each leaves the databases running."""
    with installed() as made:
        yield made


@pytest.fixture(scope="module")
def running(installation: Installation) -> Server:
    return installation.serve()


@pytest.fixture
def server(installation: Installation, running: Server) -> Iterator[Server]:
    yield running
    if readiness(running) != (200, "ready"):
        start_postgres(installation)
        wait_for(lambda: readiness(running) == (200, "ready"), "readiness to return")


async def test_sockets_outlive_postgres_and_news_comes_after_it(
    installation: Installation, server: Server
) -> None:
    client = server.client("admin")
    added = await asyncio.to_thread(client.post, "/hitl/apvs", json=apv())
    body = decision(added.json()["apv_id"])
    async with server.socket("admin") as socket:
        await socket.subscribe("decisions", "stats")
        assert readiness(server) == (200, "ready")
        stop_postgres(installation)
        wait_for(lambda: readiness(server) == (503, "unavailable"), "readiness to end")

        assert readiness(server)[0] == 503

        assert server.answers()
        assert (await socket.ask({"type": "ping"}))["type"] == "pong"
        refused = await asyncio.to_thread(client.post, "/hitl/decisions", json=body)
        assert refused.status_code == 503
        assert refused.headers["Content-Type"] == "application/problem+json"

        await asyncio.to_thread(start_postgres, installation)
        wait_for(lambda: readiness(server) == (200, "ready"), "readiness to return")
        made = await asyncio.to_thread(client.post, "/hitl/decisions", json=body)
        assert made.status_code == 200
        await socket.until(type="decision_made", decision_id=made.json()["decision_id"])
    assert "Traceback" not in server.printed()


def test_pages_say_that_the_database_is_away(installation: Installation, server: Server) -> None:
    client = server.client("reviewer")
    stop_postgres(installation)
    answer = client.get("/")
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "2"
    assert "The database is away" in answer.text
    assert "Traceback" not in server.printed()


async def test_frozen_postgres_has_all_requests_answered_and_loses_nothing(
    installation: Installation,
) -> None:
    """Nothing but the question whether it is there ends statements that may take so long."""
    server = installation.serve(HITL_DB_SECONDS="3600")
    client = server.client("admin")
    body = decision(client.post("/hitl/apvs", json=apv()).json()["apv_id"])
    async with server.socket("admin") as socket:
        await socket.subscribe("decisions")
        with frozen(installation.folder / "postgres"):
            answers = asyncio.create_task(asyncio.to_thread(ask_for_too_much, server, client, body))
            assert (await socket.ask({"type": "ping"}))["type"] == "pong"
            for answer in await answers:
                assert answer.status_code == 503
                assert answer.headers["Retry-After"] == "2"
                assert answer.headers["Content-Type"] == "application/problem+json"
            assert "The database is away" in client.get("/").text
            assert server.answers()
            health = await asyncio.to_thread(client.get, "/hitl/health/ready")
            assert (health.status_code, health.json()["checks"]["database"]) == (503, "away")
            assert (await socket.ask({"type": "ping"}))["type"] == "pong"
        wait_for(lambda: readiness(server) == (200, "ready"), "readiness to return")
        made = await asyncio.to_thread(client.post, "/hitl/decisions", json=body)
        assert made.status_code in {200, 409}  # what was under way may have committed
        await socket.until(type="decision_made", apv_id=body["apv_id"])
    assert "Traceback" not in server.printed()


def ask_for_too_much(server: Server, client: httpx.Client, body: Any) -> list[httpx.Response]:
    """Send more decisions at once than requests may run; return the answers."""

    def decide(_: int) -> httpx.Response:
        with httpx.Client(cookies=client.cookies, headers=client.headers) as another:
            url = f"{server.origin}/hitl/decisions"
            return another.post(url, json=body, timeout=ANSWER_SECONDS)

    with ThreadPoolExecutor(REQUESTS) as pool:
        return list(pool.map(decide, range(REQUESTS)))


def test_slow_statement_is_waited_for_while_postgres_is_there(installation: Installation) -> None:
    with bounded(seconds=3600).connect(url_of(installation)) as connection:
        assert connection.execute(f"SELECT pg_sleep({2 * QUIET_SECONDS}), 'done'").fetchall()


def test_statement_under_way_in_a_frozen_postgres_is_given_up(installation: Installation) -> None:
    server = installation.serve(HITL_DB_SECONDS="3600")
    client = server.client("admin")
    body = decision(client.post("/hitl/apvs", json=apv()).json()["apv_id"])
    with lock_on_apvs(installation) as waiting, ThreadPoolExecutor() as others:
        asked = others.submit(client.post, "/hitl/decisions", json=body)
        wait_for(waiting, "the decision to wait for the lock")
        with frozen(installation.folder / "postgres"):
            assert asked.result(ANSWER_SECONDS).status_code == 503
            assert client.get("/").status_code == 503
            assert server.answers()
    wait_for(lambda: readiness(server) == (200, "ready"), "readiness to return")
    assert client.post("/hitl/decisions", json=body).status_code == 200
    assert "Traceback" not in server.printed()


def test_frozen_primary_is_left_for_the_replica_that_was_promoted() -> None:
    pair = Pair()
    try:
        with ReplicatedSite(pair).uvicorn(HITL_DB_SECONDS="3600") as server:
            client = server.client("admin")
            body = decision(client.post("/hitl/apvs", json=apv()).json()["apv_id"])

            def decided() -> bool:
                return client.post("/hitl/decisions", json=body).status_code == 200

            with pair.leave_frozen():
                assert wait_for(decided, "a decision on the other server", SETTLE_SECONDS)
    finally:
        pair.close()


def test_one_frozen_process_of_postgres_has_its_statement_given_up(
    installation: Installation,
) -> None:
    """The server is there, so nothing but the limit on a statement ends this one."""
    server = installation.serve(HITL_DB_SECONDS="2")
    client = server.client("admin")
    body = decision(client.post("/hitl/apvs", json=apv()).json()["apv_id"])
    with lock_on_apvs(installation) as waiting, ThreadPoolExecutor() as others:
        asked = others.submit(client.post, "/hitl/decisions", json=body)
        backend = psutil.Process(wait_for(waiting, "the decision to wait for the lock"))
        backend.suspend()
        try:
            assert asked.result(ANSWER_SECONDS).status_code == 503
            assert readiness(server) == (200, "ready")
        finally:
            backend.resume()
    wait_for(lambda: client.post("/hitl/decisions", json=body).status_code == 200, "a decision")


@contextlib.contextmanager
def lock_on_apvs(installation: Installation) -> Iterator[Callable[[], int]]:
    """Lock all APVs; yield a function that returns which process waits for them, or 0."""
    with psycopg.connect(url_of(installation), autocommit=True) as watcher:

        def waiting() -> int:
            sql = "SELECT coalesce(max(pid), 0) FROM pg_locks WHERE NOT granted"
            return int(watcher.execute(sql).fetchone()[0])  # type: ignore[index]

        with psycopg.connect(url_of(installation)) as holder:
            holder.execute("LOCK TABLE reviews_apv IN EXCLUSIVE MODE")
            yield waiting


def test_members_of_psycopg_that_bounding_a_statement_uses_are_there() -> None:
    assert issubclass(psycopg.errors._WaitTimeout, psycopg.OperationalError)
    assert "timeout" in inspect.signature(psycopg.Connection.wait).parameters


def test_readiness_is_degraded_without_redis(installation: Installation, server: Server) -> None:
    [redis] = [one for one in installation.embedded() if one.name() == "valkey-server"]
    redis.kill()
    wait_for(lambda: readiness(server) == (200, "degraded"), "readiness to say so")
    assert installation.run("shell", "-v", "0", "-c", "pass").returncode == 0
    wait_for(lambda: readiness(server) == (200, "ready"), "readiness to return")


def test_readiness_asks_as_all_work_does() -> None:
    """PostgreSQL accepts no new connections; those of the pool continue, and so does all work."""
    site = Site("full")
    with site.uvicorn() as server:
        assert server.client().get("/hitl/reviews").status_code == 200
        with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as admin:
            admin.execute('ALTER DATABASE "full" ALLOW_CONNECTIONS false')
            try:
                with pytest.raises(psycopg.OperationalError):
                    psycopg.connect(site.database_url)
                assert server.client().get("/hitl/reviews").status_code == 200
                assert readiness(server) == (200, "ready")
            finally:
                admin.execute('ALTER DATABASE "full" ALLOW_CONNECTIONS true')
