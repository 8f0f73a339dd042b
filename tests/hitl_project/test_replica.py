"""Pages that may lag read a replica while it is fit; all else reads the primary."""

import contextlib
import json
import re
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import httpx
import psycopg
import pytest
from django.db import connections

from realtime.replica import routing
from reviews.console.numbers import read_numbers
from reviews.models import Decision
from tests.support import metrics
from tests.support.replicas import Pair, ReplicatedSite
from tests.support.site import Server
from tests.support.waiting import ANSWER_SECONDS, SETTLE_SECONDS, wait_for

pytestmark = pytest.mark.server

MANY = 20_000
"""More decisions than fit into the buffers between the server and a client."""
COPY = f"""
    SET session_replication_role = replica;
    INSERT INTO reviews_decision SELECT copy.* FROM reviews_decision AS one,
        generate_series(2, {MANY}) AS n,
        jsonb_populate_record(one, jsonb_build_object(
            'decision_id', gen_random_uuid(), 'revision', n,
            'decided_at', one.decided_at - n * interval '1 second'
        )) AS copy
    WHERE one.decision_id = (SELECT decision_id FROM reviews_decision LIMIT 1)
"""


@pytest.fixture(scope="module")
def pair() -> Iterator[Pair]:
    made = Pair()
    try:
        yield made
    finally:
        made.close()


@pytest.fixture(scope="module")
def replicated(pair: Pair) -> ReplicatedSite:
    return ReplicatedSite(pair, DATABASE_REPLICA_URL=pair.replica_url)


@pytest.fixture(scope="module")
def patient(replicated: ReplicatedSite) -> Iterator[Server]:
    with replicated.uvicorn(DATABASE_REPLICA_MAX_LAG_SECONDS="3600") as server:
        yield server


@pytest.fixture
def server(pair: Pair, patient: Server) -> Server:
    """A server that reads the replica."""
    wait_for(lambda: shows_replica(patient), "the replica to be read", SETTLE_SECONDS)
    return patient


def page(server: Server) -> str:
    answer = server.client("admin").get("/numbers")
    assert answer.status_code == 200, answer.text
    return answer.text


def shows_replica(server: Server) -> bool:
    return bool(re.search(r"As of \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC", page(server)))


def pending_of(server: Server) -> int:
    found = re.search(r'<dt>Pending</dt><dd><a href="/">([\d,]+)</a>', page(server))
    assert found
    return int(found[1].replace(",", ""))


def left_out(server: Server) -> bool:
    """Return whether the primary answers, and says that the replica does not."""
    if shows_replica(server):
        return False
    wait_for(lambda: standing(server) == "left out", "readiness to say so")
    return True


def standing(server: Server) -> str:
    ready = httpx.get(f"{server.origin}/hitl/health/ready", timeout=ANSWER_SECONDS)
    assert ready.status_code == 200
    return str(ready.json()["checks"]["replica"])


def lines(server: Server) -> list[dict[str, Any]]:
    text = server.client("admin").get("/decisions.jsonl").text
    return [json.loads(line) for line in text.splitlines()]


# -- What reads it ----------------------------------------------------------------------------


def test_what_was_decided_is_at_once_everywhere_but_in_what_may_lag(
    pair: Pair, server: Server
) -> None:
    client = server.client("admin")
    before, total = pending_of(server), len(lines(server))
    with pair.replay_paused():
        decided, waiting = server.add_apv(), server.add_apv()
        made = server.decide(decided["apv_id"], user="admin")
        assert made.status_code == 200

        assert pending_of(server) == before
        assert shows_replica(server)
        assert len(lines(server)) == total

        queue = client.get("/hitl/reviews", params={"limit": 200}).json()
        codes = [one["apv_code"] for one in queue["reviews"]]
        assert waiting["apv_code"] in codes
        assert decided["apv_code"] not in codes
        assert client.get("/hitl/reviews/stats").json()["pending_reviews"] == before + 1
        assert client.get("/hitl/decisions").json()["total"] == total + 1
        assert client.get(f"/hitl/apvs/{decided['apv_id']}").json()["status"] == "approved"
        assert waiting["apv_code"] in client.get("/").text
        assert client.get(f"/apvs/{waiting['apv_code']}").status_code == 200
        again = server.decide(decided["apv_id"], user="admin")
        assert again.status_code == 409
    wait_for(lambda: pending_of(server) == before + 1, "the replica to show it")
    assert made.json()["decision_id"] in {line["decision_id"] for line in lines(server)}


def test_page_says_up_to_when_it_is_complete(pair: Pair, server: Server) -> None:
    with pair.replay_paused():
        stopped = datetime.now(UTC)
        server.add_apv()
        text = page(server)
    found = re.search(r"As of ([\d-]+ [\d:]+) UTC", text)
    assert found
    assert datetime.fromisoformat(f"{found[1]}+00:00") <= stopped
    client = httpx.Client(cookies=server.client("admin").cookies, base_url=server.origin)
    client.cookies.set("hitl_language", "pt-br")
    assert "Até " in client.get("/numbers").text


def test_right_that_was_taken_away_counts_at_once(pair: Pair, server: Server) -> None:
    client = server.client("lead")
    site_url = pair.url
    assert client.get("/numbers").status_code == 200
    with pair.replay_paused():
        with psycopg.connect(site_url) as connection:
            connection.execute("UPDATE auth_user SET is_active = false WHERE username = 'lead'")
        assert client.get("/numbers").status_code == 302
        with psycopg.connect(site_url) as connection:
            connection.execute("UPDATE auth_user SET is_active = true WHERE username = 'lead'")


def test_role_that_may_only_read_suffices(pair: Pair, replicated: ReplicatedSite) -> None:
    replicated.execute("CREATE ROLE reader LOGIN")
    replicated.execute("GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader")
    pair.catch_up()
    url = pair.replica_url.replace("postgres@", "reader@")
    with replicated.uvicorn(DATABASE_REPLICA_URL=url) as server:
        assert shows_replica(server)
        assert lines(server) == lines(server)
        assert not server.printed().count("left out")


def test_replica_is_not_there_unless_it_is_named() -> None:
    assert list(connections) == ["default"]
    assert not routing.is_configured()


@pytest.mark.django_db
def test_pages_ask_nothing_more_without_a_replica() -> None:
    assert count_of_queries(read_numbers) == count_of_queries(read_numbers.__wrapped__)  # type: ignore[attr-defined]


def count_of_queries(read: Callable[[], Any]) -> int:
    asked: list[str] = []

    def noting(run: Any, sql: str, *rest: Any) -> Any:
        asked.append(sql)
        return run(sql, *rest)

    with connections["default"].execute_wrapper(noting):
        read()
    return len(asked)


def test_router_sends_nothing_else_there() -> None:
    router = routing.Router()
    assert router.db_for_read(Decision) is None
    assert router.allow_migrate("replica", "reviews") is False
    with routing.reading_replica(datetime.now(UTC)):
        assert router.db_for_read(Decision) == "replica"
    assert not hasattr(router, "db_for_write")


# -- When it is left out ----------------------------------------------------------------------


@pytest.mark.parametrize("fault", ["down", "refusing", "starting", "frozen"])
def test_replica_that_fails_is_left_out_until_it_is_well(
    pair: Pair, server: Server, fault: str
) -> None:
    with getattr(pair, f"replica_{fault}")():
        added = server.add_apv()
        assert pending_of(server) == server.client("admin").get("/hitl/reviews").json()["total"]
        assert left_out(server)
        assert added["apv_id"]
        assert server.decide(added["apv_id"], user="admin").status_code == 200
        assert len(lines(server)) == server.client("admin").get("/hitl/decisions").json()["total"]
        assert metrics.numbers(server)["hitl_replica_fit"] == 0
    wait_for(lambda: shows_replica(server), "the replica to be read again", SETTLE_SECONDS)
    assert metrics.numbers(server)["hitl_replica_fit"] == 1
    assert "Traceback" not in server.printed()


def test_few_wait_for_a_frozen_replica(pair: Pair, server: Server) -> None:
    with pair.replica_frozen():
        took = [seconds_of(server) for _ in range(12)]
    assert sorted(took)[len(took) // 2] < max(took) / 4
    assert f"port {pair.primary}, does not answer" not in server.printed()


def seconds_of(server: Server) -> float:
    began = time.monotonic()
    page(server)
    return time.monotonic() - began


@contextlib.contextmanager
def numbers_wait(pair: Pair, server: Server) -> Iterator[tuple[Callable[[], Any], Any]]:
    """Have the replica wait for a lock with a page's statement.

    Yield a function that gives up the lock, and the page.
    """
    waiting = "SELECT 1 FROM pg_locks WHERE NOT granted"
    with psycopg.connect(pair.url) as holder, ThreadPoolExecutor() as others:
        holder.execute("LOCK TABLE reviews_decision IN ACCESS EXCLUSIVE MODE")
        pair.catch_up()
        asked = others.submit(page, server)
        wait_for(lambda: pair.on_replica(waiting), "the page to wait")
        yield holder.rollback, asked


def test_statement_under_way_in_a_frozen_replica_is_given_up(pair: Pair, server: Server) -> None:
    with numbers_wait(pair, server) as (give_up, asked), pair.replica_frozen():
        give_up()
        assert "As of" not in asked.result(ANSWER_SECONDS)
        assert server.client("admin").get("/hitl/reviews").status_code == 200
        assert left_out(server)


def test_statement_that_recovery_cancels_is_done_by_the_primary(pair: Pair, server: Server) -> None:
    pair.on_replica("ALTER SYSTEM SET max_standby_streaming_delay = 0")
    pair.on_replica("SELECT pg_reload_conf()")
    conflicts = "SELECT sum(confl_lock) FROM pg_stat_database_conflicts"
    [(before,)] = pair.on_replica(conflicts)
    with numbers_wait(pair, server) as (give_up, asked):
        with psycopg.connect(pair.url) as another:  # what the waiting page has read already
            another.execute("LOCK TABLE reviews_tally IN ACCESS EXCLUSIVE MODE")
            pair.catch_up()
            wait_for(lambda: pair.on_replica(conflicts) > [(before,)], "a conflict")
            another.rollback()
        give_up()
        assert "As of" not in asked.result(ANSWER_SECONDS)
    assert "conflict with recovery" in server.printed()


@pytest.mark.parametrize("fault", ["its replay is paused", "it lost its primary"])
def test_replica_that_lags_too_much_is_left_out(
    pair: Pair, replicated: ReplicatedSite, fault: str
) -> None:
    """Without its primary it has replayed all that it ever received."""
    with (
        replicated.uvicorn(DATABASE_REPLICA_MAX_LAG_SECONDS="1") as server,
        contextlib.ExitStack() as stack,
    ):
        assert shows_replica(server)
        if fault == "its replay is paused":
            stack.enter_context(pair.replay_paused())
        else:
            pair.hold_back()
            stack.callback(pair.let_through)
        server.add_apv()
        wait_for(lambda: left_out(server), "the replica to be left out", SETTLE_SECONDS)
        said = metrics.numbers(server)
        assert said["hitl_replica_fit"] == 0
        assert said["hitl_replica_lag_seconds"] > 1
        stack.close()
        wait_for(lambda: shows_replica(server), "the replica to be read again", SETTLE_SECONDS)
        assert metrics.numbers(server)["hitl_replica_fit"] == 1


def test_replica_that_has_all_does_not_lag_however_long_nothing_happens(
    pair: Pair, replicated: ReplicatedSite
) -> None:
    age = "SELECT now() - pg_last_xact_replay_timestamp() > interval '2 s'"
    with replicated.uvicorn(DATABASE_REPLICA_MAX_LAG_SECONDS="1") as server:
        page(server)  # signs in
        wait_for(lambda: pair.on_replica(age) == [(True,)], "a while without a commit")
        assert shows_replica(server)
        assert metrics.numbers(server)["hitl_replica_lag_seconds"] == 0
        server.add_apv()
        assert shows_replica(server)


def test_server_that_takes_writes_is_no_replica(pair: Pair, replicated: ReplicatedSite) -> None:
    url = f"postgresql://postgres@127.0.0.1:{pair.primary}/postgres"
    with replicated.uvicorn(DATABASE_REPLICA_URL=url) as server:
        assert "the replica is not read: it takes writes" in server.printed()
        assert not shows_replica(server)
        assert left_out(server)


def test_replica_of_another_primary_is_not_read(pair: Pair, replicated: ReplicatedSite) -> None:
    another = Pair()
    try:
        ReplicatedSite(another)
        another.catch_up()
        with replicated.uvicorn(DATABASE_REPLICA_URL=another.replica_url) as server:
            assert "it does not have the history of the primary" in server.printed()
            assert left_out(server)
    finally:
        another.close()


# -- Exports ----------------------------------------------------------------------------------


def test_export_reads_one_server_and_ends_if_it_dies(
    pair: Pair, replicated: ReplicatedSite, server: Server
) -> None:
    server.decide(server.add_apv()["apv_id"], user="admin")
    replicated.execute(COPY)
    pair.catch_up()
    with pair.replay_paused():
        before = len(lines(server))
        assert before >= MANY
        replicated.execute("SET session_replication_role = replica; DELETE FROM reviews_decision")
        assert len(lines(server)) == before  # no part of it came from the primary
    server.decide(server.add_apv()["apv_id"], user="admin")
    replicated.execute(COPY)
    pair.catch_up()
    wait_for(lambda: shows_replica(server), "the replica to be read", SETTLE_SECONDS)
    with server.client("admin").stream("GET", "/decisions.jsonl") as answer:
        parts = answer.iter_bytes()
        next(parts)
        with pair.replica_down(), pytest.raises(httpx.RemoteProtocolError):
            for _ in parts:
                pass


# -- Failover, after which the pair is another one ----------------------------------------------


def test_only_a_replica_of_the_new_primary_is_read_after_a_failover() -> None:
    pair = Pair()
    try:
        site = ReplicatedSite(pair, DATABASE_REPLICA_URL=pair.standby_url)
        with site.uvicorn() as server:
            wait_for(lambda: shows_replica(server), "the replica to be read", SETTLE_SECONDS)
            pair.fail_over()
            client = server.client("admin")
            wait_for(lambda: client.get("/numbers").status_code == 200, "the other server")
            assert left_out(server)
            server.add_apv()
            pair.add_replica()
            wait_for(lambda: shows_replica(server), "the new replica to be read", SETTLE_SECONDS)
            assert pending_of(server) == client.get("/hitl/reviews").json()["total"]
    finally:
        pair.close()
