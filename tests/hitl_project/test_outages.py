"""PostgreSQL stops under a running server, and returns."""

import asyncio
import contextlib
import inspect
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import psycopg
import pytest

from tests.support.installations import Installation, installed
from tests.support.outages import start_postgres, stop_postgres, url_of
from tests.support.site import Server, Site, apv, decision
from tests.support.waiting import ANSWER_SECONDS, wait_for


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


def test_statement_under_way_in_a_frozen_postgres_is_given_up(installation: Installation) -> None:
    server = installation.serve(HITL_DB_SECONDS="2")
    client = server.client("admin")
    body = decision(client.post("/hitl/apvs", json=apv()).json()["apv_id"])
    with lock_on_apvs(installation) as waiting, ThreadPoolExecutor() as others:
        asked = others.submit(client.post, "/hitl/decisions", json=body)
        wait_for(waiting, "the decision to wait for the lock")
        with frozen_postgres(installation):
            assert asked.result(ANSWER_SECONDS).status_code == 503
            assert client.get("/").status_code == 503
            assert server.answers()
    wait_for(lambda: readiness(server) == (200, "ready"), "readiness to return")
    assert client.post("/hitl/decisions", json=body).status_code == 200
    assert "Traceback" not in server.printed()


@contextlib.contextmanager
def lock_on_apvs(installation: Installation) -> Iterator[Callable[[], bool]]:
    """Lock all APVs; yield a function that returns whether somebody waits for them."""
    with psycopg.connect(url_of(installation), autocommit=True) as watcher:

        def waiting() -> bool:
            sql = "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)"
            return bool(watcher.execute(sql).fetchone()[0])  # type: ignore[index]

        with psycopg.connect(url_of(installation)) as holder:
            holder.execute("LOCK TABLE reviews_apv IN EXCLUSIVE MODE")
            yield waiting


@contextlib.contextmanager
def frozen_postgres(installation: Installation) -> Iterator[None]:
    [postmaster] = [
        one
        for one in installation.embedded()
        if one.name() == "postgres" and one.parent().name() != "postgres"  # type: ignore[union-attr]
    ]
    processes = [postmaster, *postmaster.children(recursive=True)]
    for one in processes:
        one.suspend()
    try:
        yield
    finally:
        for one in processes:
            one.resume()


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
