"""Over REST and on sockets: decisions are taken back."""

import asyncio
import json
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.support.effects_api import WRONG, decided, record, report, retract, status_of
from tests.support.people import api, issue, new_user
from tests.support.problems import assert_problem
from tests.support.site import Server, Site, Socket


@pytest.fixture(scope="module")
def server(site: Site) -> Iterator[Server]:
    """A server whose decisions can be taken back for as long as the tests run."""
    with site.uvicorn(HITL_UNDO_SECONDS="3600") as server:
        yield server


@pytest.fixture(scope="module")
def hurried(site: Site) -> Iterator[Server]:
    """A server whose decisions are carried out at once."""
    with site.uvicorn(HITL_UNDO_SECONDS="0") as server:
        yield server


def test_retracted_decision_stays_on_record_and_its_apv_is_decided_anew(server: Server) -> None:
    made = decided(server)
    answer = retract(server, made).json()
    assert answer == record(server, made)
    assert list(answer["retraction"]) == ["reason", "retracted_by_name", "retracted_at"]
    assert answer["retraction"]["retracted_by_name"] == "Rita Reviewer"
    assert answer["effect"]["state"] == "cancelled"
    changed = {"effect", "retraction"}
    assert {k: v for k, v in answer.items() if k not in changed} == {
        k: v for k, v in made.items() if k not in changed
    }
    assert status_of(server, made) == "pending"
    again = server.decide(made["apv_id"], decision="reject").json()
    assert again["revision"] == made["revision"] + 1
    history = server.client().get(f"/hitl/decisions/history/{made['apv_id']}").json()
    assert [one["decision_id"] for one in history["decisions"]] == [
        again["decision_id"],
        made["decision_id"],
    ]


def test_lists_go_on_counting_what_was_taken_back_and_statistics_do_not(server: Server) -> None:
    before = numbers(server)
    retract(server, decided(server))
    listed, total, shown = numbers(server)
    assert listed == shown == before[0] + 1
    assert total == before[1]


def numbers(server: Server) -> tuple[int, int, int]:
    """Return how many decisions the list says it has, the statistics have, and pages show."""
    client = server.client()
    stats = client.get("/hitl/reviews/stats").json()
    listed = client.get("/hitl/decisions", params={"limit": 1}).json()["total"]
    narrowed = client.get("/hitl/decisions", params={"limit": 1, "decided_after": "2000-01-01"})
    return listed, stats["total_decisions"], narrowed.json()["total"]


async def test_effect_and_retraction_are_told_with_their_exact_fields(server: Server) -> None:
    added = server.add_apv()
    same = {"apv_id": added["apv_id"], "apv_code": added["apv_code"], "channel": "changes"}
    async with server.socket() as socket:
        offset = (await socket.subscribe("changes"))["positions"]["changes"]["offset"]
        made = (await asyncio.to_thread(server.decide, added["apv_id"])).json()
        about = {"decision_id": made["decision_id"], "kind": "merge", "merged_commit": ""}
        about |= {"type": "effect_changed", **same}
        assert await told(socket) == {**about, "state": "external", "offset": offset + 1}
        await asyncio.to_thread(retract, server, made)
        assert await told(socket) == {**about, "state": "cancelled", "offset": offset + 2}
        assert await told(socket) == {
            "type": "apv_changed",
            **same,
            "status": "pending",
            "version": 4,
            "revision": 2,
            "what": "retracted",
            "offset": offset + 3,
        }


async def told(socket: Socket) -> dict[str, Any]:
    message = await socket.receive()
    del message["timestamp"]
    return message


async def test_statistics_are_told_when_a_decision_is_taken_back(server: Server) -> None:
    async with server.socket() as socket:
        await socket.subscribe("stats", snapshot=True)
        before = await socket.until(type="stats_update")
        made = await asyncio.to_thread(decided, server)
        counts = ("total_decisions", "decisions_today")
        await socket.until(**{name: before[name] + 1 for name in counts})
        await asyncio.to_thread(retract, server, made)
        await socket.until(**{name: before[name] for name in counts})


def test_only_who_decided_or_a_lead_takes_back(server: Server, site: Site) -> None:
    other = api(server, f"Bearer {issue(site, new_user(site, 'reviewers'))}")
    made = decided(server)
    path = f"/hitl/decisions/{made['decision_id']}/retract"
    assert_problem(other.post(path, json=WRONG), 403)
    assert_problem(retract(server, made, user="pipeline"), 403)
    assert_problem(httpx.post(f"{server.origin}{path}", json=WRONG), 401)
    assert record(server, made) == made
    assert retract(server, made, user="lead").json()["retraction"]["retracted_by_name"]
    own = other.post(
        "/hitl/decisions",
        json={"apv_id": made["apv_id"], "decision": "reject", "justification": "Looked closely."},
    ).json()
    assert_problem(retract(server, own), 403)


def test_decision_is_taken_back_once_however_many_ask(server: Server, site: Site) -> None:
    made = decided(server)
    cookies, headers = server.client().cookies, server.client().headers

    def attempt(_: int) -> int:
        with httpx.Client(cookies=cookies, headers=headers, timeout=60) as client:
            path = f"/hitl/decisions/{made['decision_id']}/retract"
            return client.post(f"{server.origin}{path}", json=WRONG).status_code

    with ThreadPoolExecutor(8) as pool:
        assert Counter(pool.map(attempt, range(8))) == {200: 1, 409: 7}
    assert "already" in assert_problem(retract(server, made), 409)["detail"]
    sql = "SELECT count(*) FROM reviews_retraction WHERE decision_id = %s"
    assert site.rows(sql, made["decision_id"]) == [(1,)]


def test_same_key_takes_back_once_and_answers_alike(server: Server) -> None:
    made, key = decided(server), {"Idempotency-Key": str(uuid4())}
    first, again = (retract(server, made, **key) for _ in range(2))
    assert (first.status_code, again.status_code) == (200, 200)
    assert first.json() == again.json()
    assert_problem(retract(server, made, body={"reason": "Another one."}, **key), 422)


def test_too_late_it_says_why(server: Server, hurried: Server) -> None:
    late = decided(hurried)
    assert late["effect"]["held_until"] is None
    assert "too late" in assert_problem(retract(hurried, late), 409)["detail"]
    assert record(hurried, late) == late
    reported = decided(server)
    report(server, reported)
    assert "too late" in assert_problem(retract(server, reported), 409)["detail"]


def test_decision_on_what_is_another_apv_now_is_not_taken_back(server: Server) -> None:
    made = decided(server, decision="escalate")
    assert server.decide(made["apv_id"], "lead").status_code == 200
    assert "not in force" in assert_problem(retract(server, made), 409)["detail"]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"reason": ""},
        {"reason": "   "},
        {"reason": "x" * 2001},
        {"reason": "NUL \0 in it"},
        {"reason": "half a pair \ud800"},
        {"reason": None},
        {"reason": ["a"]},
        {"reason": {"a": 1}},
        {"reason": True},
    ],
    ids=lambda one: str(one)[:40],
)
def test_reason_that_is_none_is_refused_by_name(server: Server, body: Any) -> None:
    made = decided(server)
    headers = {"Content-Type": "application/json"}
    path = f"/hitl/decisions/{made['decision_id']}/retract"
    answer = server.client().post(path, content=json.dumps(body), headers=headers)
    assert_problem(answer, 400, "reason")
    assert record(server, made) == made
