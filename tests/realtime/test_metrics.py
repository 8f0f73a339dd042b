"""/hitl/metrics is correct: with one process, with several, and after a crash."""

import asyncio
import contextlib
import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample
from websockets.exceptions import InvalidStatus

from tests.support.metrics import numbers
from tests.support.site import ROOT, Server, Site
from tests.support.waiting import wait_for

DEPLOY = ROOT / "deploy"
OUTCOMES = ("recovered", "epoch", "ahead", "too_far", "truncated")
SEVERITIES = ("CRITICAL", "HIGH", "MEDIUM", "LOW")
NAME = re.compile(r"\bhitl_[a-z_]+\b")
LABEL = re.compile(r"(\w+)=")
ADDED_BY_PROMETHEUS = {"job", "instance"}


def in_short(server: Server) -> dict[str, int]:
    answer = httpx.get(f"{server.origin}/hitl/metrics", headers={"Accept": "application/json"})
    return dict(answer.json())


@pytest.fixture
def server(uvicorn_server: Server) -> Server:
    return uvicorn_server


async def test_a_sockets_life_is_counted(server: Server) -> None:
    before = numbers(server)
    async with server.socket() as socket:
        await socket.subscribe("apvs", "stats")
        during = numbers(server).since(before)
        added = await asyncio.to_thread(server.add_apv)
        await socket.until(type="new_apv", apv_id=added["apv_id"])
        await socket.until(type="stats_update")
        sent = numbers(server).since(before)
    name = "hitl_websocket"
    assert during[f"{name}_connections_total"] == 1
    assert during[f"{name}_connections_active"] == 1
    assert during[f"{name}_subscribers{{apvs}}"] == 1
    assert during[f"{name}_subscribers{{decisions}}"] == 0
    assert sent[f"{name}_messages_sent_total{{apvs,new_apv}}"] == 1
    assert sent[f"{name}_messages_sent_total{{stats,stats_update}}"] >= 1
    assert sent[f"{name}_broadcast_duration_seconds_count{{apvs}}"] == 1
    assert sent[f"{name}_broadcast_duration_seconds_sum{{apvs}}"] > 0
    wait_for(lambda: numbers(server).since(before)[f"{name}_closes_total{{1000}}"] == 1, "the end")
    after = numbers(server).since(before)
    assert after[f"{name}_connections_active"] == after[f"{name}_subscribers{{apvs}}"] == 0


async def test_ends_are_counted_by_their_code(server: Server) -> None:
    before = numbers(server)
    async with server.raw_socket("") as refused:
        await refused.wait_closed()
    async with server.socket() as socket:
        await socket.connection.send("{")
        assert await socket.close_code() == 1007
    async with server.socket() as socket:
        await socket.connection.close(3999)

    def ends() -> list[float]:
        since = numbers(server).since(before)
        return [since[f"hitl_websocket_closes_total{{{code}}}"] for code in (1008, 1007, "other")]

    wait_for(lambda: ends() == [1, 1, 1], "the ends to be counted")


async def test_pages_of_another_origin_are_counted(server: Server) -> None:
    before = numbers(server)
    with pytest.raises(InvalidStatus):
        async with server.raw_socket(origin="https://evil.example"):
            pass
    assert numbers(server).since(before)["hitl_websocket_refused_origins_total"] == 1


async def test_resumes_are_counted_by_their_outcome(server: Server) -> None:
    async with server.socket() as socket:
        here = (await socket.subscribe("apvs"))["positions"]["apvs"]
    await asyncio.to_thread(server.add_apv)
    before = numbers(server)
    async with server.socket() as socket:
        confirmed = await socket.subscribe("apvs", since={"apvs": here})
        assert confirmed["recovered"] == {"apvs": True}
        assert (await socket.receive())["offset"] == here["offset"] + 1
        await socket.subscribe("apvs", since={"apvs": {"epoch": "another", "offset": 1}})
        ahead = {**here, "offset": here["offset"] + 1_000_000}
        await socket.subscribe("apvs", since={"apvs": ahead})
    since = numbers(server).since(before)
    outcomes = {one: since[f"hitl_websocket_resume_total{{{one}}}"] for one in OUTCOMES}
    assert outcomes == {"recovered": 1, "epoch": 1, "ahead": 1, "too_far": 0, "truncated": 0}
    assert since["hitl_websocket_messages_sent_total{apvs,new_apv}"] == 1


async def test_acks_tell_how_far_clients_are_behind(server: Server) -> None:
    before = numbers(server)
    async with server.socket() as socket:
        here = (await socket.subscribe("apvs"))["positions"]["apvs"]["offset"]
        for _ in range(3):
            await asyncio.to_thread(server.add_apv)
        await socket.until(type="new_apv", offset=here + 3)
        await socket.send({"type": "ack", "positions": {"apvs": here + 1, "decisions": 5}})
        await socket.ask({"type": "ping"})
    since = numbers(server).since(before)
    name = "hitl_websocket_client_lag_events"
    assert since[f"{name}_count{{apvs}}"] == 1
    assert since[f"{name}_sum{{apvs}}"] == 2
    assert since[f"{name}_count{{decisions}}"] == 0  # it does not subscribe to that


async def test_client_that_does_not_read_is_counted_when_it_is_ended(site: Site) -> None:
    with site.uvicorn(HITL_WS_QUEUE_BYTES="65536") as server:
        async with server.raw_socket(max_queue=1, compression=None) as stalled:
            await stalled.send('{"type": "subscribe", "channels": []}')
            stalled.transport.pause_reading()
            ping = '{"type": "unsubscribe", "channels": ["' + 90 * "x" + '"]}'
            with contextlib.suppress(Exception):
                while numbers(server)["hitl_websocket_slow_clients_total"] == 0:
                    for _ in range(2000):
                        await stalled.send(ping)
            stalled.transport.abort()
        wait_for(lambda: numbers(server)["hitl_websocket_closes_total{1013}"] == 1, "the end")
        assert numbers(server)["hitl_websocket_slow_clients_total"] == 1


def test_reviews_are_told_from_the_database(server: Server, site: Site) -> None:
    before = numbers(server)
    low, high = server.add_apv(severity="LOW"), server.add_apv(severity="HIGH")
    server.add_apv(severity="HIGH")
    server.decide(high["apv_id"], decision="approve")
    server.decide(low["apv_id"], decision="escalate")
    now = numbers(server)
    since = now.since(before)
    assert since["hitl_pending_reviews{HIGH}"] == 1
    assert since["hitl_pending_reviews{LOW}"] == 0
    assert since["hitl_decisions_total{approve}"] == since["hitl_decisions_total{escalate}"] == 1
    [(count, seconds)] = site.rows(
        "SELECT count(*), sum(review_seconds) FROM reviews_decision"
        " WHERE decision_id NOT IN (SELECT decision_id FROM reviews_retraction)"
    )
    assert now["hitl_review_seconds_count"] == now["hitl_review_seconds_bucket{+Inf}"] == count
    assert now["hitl_review_seconds_sum"] == pytest.approx(seconds, abs=0.01)
    bounds = [one for one in now if one.startswith("hitl_review_seconds_bucket")]
    assert len(bounds) == 9
    assert {since[bound] for bound in bounds} == {2}  # both took less than a minute
    [(pending,)] = site.rows("SELECT count(*) FROM reviews_apv WHERE status = 'pending'")
    assert sum(now[f"hitl_pending_reviews{{{one}}}"] for one in SEVERITIES) == pending
    with site.uvicorn() as another:
        fresh = numbers(another)
    for name in ("hitl_decisions_total{approve}", "hitl_review_seconds_count"):
        assert fresh[name] == now[name]


def test_sockets_are_counted_while_the_reviews_cannot_be_read(server: Server, site: Site) -> None:
    site.execute("ALTER TABLE reviews_tally RENAME TO elsewhere")
    try:
        found = numbers(server)
    finally:
        site.execute("ALTER TABLE elsewhere RENAME TO reviews_tally")
    assert "hitl_websocket_connections_active" in found
    assert "hitl_decisions_total{approve}" not in found


# -- Several processes ------------------------------------------------------------------------


@pytest.fixture
def two_processes(site: Site, tmp_path: Path) -> Iterator[tuple[Server, Server]]:
    folder = str(tmp_path)
    with (
        site.uvicorn(PROMETHEUS_MULTIPROC_DIR=folder) as first,
        site.uvicorn(PROMETHEUS_MULTIPROC_DIR=folder) as second,
    ):
        yield first, second


async def test_each_process_answers_for_all_and_forgets_the_dead(
    two_processes: tuple[Server, Server],
) -> None:
    first, second = two_processes
    async with first.socket() as one, second.socket() as other, second.socket():
        await one.subscribe("decisions")
        await other.subscribe("decisions")
        apv = await asyncio.to_thread(first.add_apv)
        await asyncio.to_thread(first.decide, apv["apv_id"])
        await one.until(type="decision_made", apv_id=apv["apv_id"])
        await other.until(type="decision_made", apv_id=apv["apv_id"])
        for server in two_processes:
            found = numbers(server)
            assert found["hitl_websocket_connections_active"] == 3
            assert found["hitl_websocket_subscribers{decisions}"] == 2
            assert found["hitl_websocket_messages_sent_total{decisions,decision_made}"] == 2
            assert found["hitl_websocket_hub_lag_events"] >= 0
            short = in_short(server)
            assert (short["websocket_connections"], short["subscribers_decisions"]) == (3, 2)

        second.process.kill()
        second.process.wait()
        found = numbers(first)
        assert found["hitl_websocket_connections_active"] == 1
        assert found["hitl_websocket_subscribers{decisions}"] == 1
        assert found["hitl_websocket_connections_total"] == 3
        assert found["hitl_websocket_messages_sent_total{decisions,decision_made}"] == 2


async def test_workers_behind_one_port_count_together(site: Site) -> None:
    with site.uvicorn(WORKERS="2") as server:
        async with contextlib.AsyncExitStack() as stack:
            for _ in range(12):
                await stack.enter_async_context(server.socket())
            for _ in range(12):  # whichever worker answers
                assert numbers(server)["hitl_websocket_connections_active"] == 12


# -- What reads them --------------------------------------------------------------------------


def samples(server: Server) -> list[Sample]:
    text = httpx.get(f"{server.origin}/hitl/metrics", headers={"Accept": "text/plain"}).text
    return [one for family in text_string_to_metric_families(text) for one in family.samples]


def exported(server: Server) -> set[str]:
    return {sample.name for sample in samples(server)}


@pytest.mark.parametrize("file", ["grafana-dashboard.json", "alerts.yml"])
def test_dashboard_and_alerts_name_only_metrics_that_exist(server: Server, file: str) -> None:
    named = set(NAME.findall((DEPLOY / file).read_text()))
    assert len(named) > 3
    assert named <= exported(server)


def test_alerts_are_tried_with_the_labels_that_the_metrics_have(server: Server) -> None:
    labels = {sample.name: set(sample.labels) for sample in samples(server)}
    for case in yaml.safe_load((DEPLOY / "alerts_test.yml").read_text())["tests"]:
        for series in (one["series"] for one in case["input_series"]):
            if found := NAME.match(series):
                named = set(LABEL.findall(series))
                assert named == labels[found[0]] | ADDED_BY_PROMETHEUS, series


def test_every_metric_is_shown_on_the_dashboard(server: Server) -> None:
    shown = set(NAME.findall((DEPLOY / "grafana-dashboard.json").read_text()))
    families = {
        re.sub(r"_(total|bucket|sum|count|created)$", "", name) for name in exported(server)
    }
    assert {name for name in families if not any(one.startswith(name) for one in shown)} == set()
