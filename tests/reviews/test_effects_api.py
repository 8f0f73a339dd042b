"""Over REST: what became of decisions, taking them back, and what pipelines report."""

import asyncio
import json
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.support.people import api, issue, new_user
from tests.support.problems import assert_problem
from tests.support.site import Server, Site, Socket

WRONG = {"reason": "The wrong one."}
DONE = {"outcome": "done", "notes": "Merged by hand.", "url": "https://ci.example.com/runs/7"}
EFFECT = [
    *("kind", "state", "head_commit", "attempts", "answer", "merged_commit", "url"),
    *("held_until", "next_at", "changed_at", "done_at"),
]


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


def decided(server: Server, user: str = "reviewer", **fields: Any) -> dict[str, Any]:
    """Return the record of a decision on a new APV."""
    of_apv = {"pr_number": None, "pr_url": ""} if fields.get("decision") == "dismiss" else {}
    answer = server.decide(server.add_apv(**of_apv)["apv_id"], user, **fields)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def record(server: Server, decision: dict[str, Any]) -> dict[str, Any]:
    return dict(server.client().get(f"/hitl/decisions/{decision['decision_id']}").json())


def retract(
    server: Server,
    decision: dict[str, Any],
    user: str = "reviewer",
    body: Any = None,
    **headers: Any,
) -> httpx.Response:
    path = f"/hitl/decisions/{decision['decision_id']}/retract"
    return server.post(path, WRONG if body is None else body, user, **headers)


def report(
    server: Server,
    decision: dict[str, Any],
    user: str = "pipeline",
    body: Any = None,
    **headers: Any,
) -> httpx.Response:
    path = f"/hitl/decisions/{decision['decision_id']}/outcome"
    return server.post(path, DONE if body is None else body, user, **headers)


def status_of(server: Server, decision: dict[str, Any]) -> str:
    return str(server.client().get(f"/hitl/apvs/{decision['apv_id']}").json()["status"])


# -- The record -------------------------------------------------------------------------------


def test_record_says_what_carries_a_decision_out(server: Server) -> None:
    made = decided(server)
    assert list(made["effect"]) == EFFECT
    assert (made["effect"]["kind"], made["effect"]["state"]) == ("merge", "external")
    assert made["effect"]["held_until"] > made["decided_at"]
    assert (made["effect"]["done_at"], made["effect"]["url"]) == (None, "")
    assert (made["outcome_notes"], made["action_completed_at"]) == ("", None)
    assert made["retraction"] is None


@pytest.mark.parametrize(
    ("decision", "kind"),
    [("reject", "close"), ("modify", "request_changes"), ("escalate", "escalate")],
)
def test_each_decision_has_its_kind_of_effect(server: Server, decision: str, kind: str) -> None:
    made = decided(server, decision=decision, modifications={"pin": "exactly"})
    assert made["effect"]["kind"] == kind


def test_dismissal_has_nothing_to_carry_out(server: Server) -> None:
    made = decided(server, decision="dismiss")
    assert made["effect"] is None
    assert_problem(report(server, made), 409)
    taken_back = retract(server, made).json()
    assert (taken_back["effect"], taken_back["retraction"]["reason"]) == (None, "The wrong one.")
    assert status_of(server, made) == "pending"


def test_no_response_and_no_message_has_the_id_of_an_effect(server: Server, site: Site) -> None:
    """It marks comments on forges."""
    made = decided(server)
    sql = "SELECT id::text FROM reviews_effect WHERE decision_id = %s"
    [(effect_id,)] = site.rows(sql, made["decision_id"])
    answers = [report(server, made), retract(server, decided(server))]
    paths = ("decisions", f"decisions/{made['decision_id']}", f"apvs/{made['apv_id']}")
    answers += [server.client().get(f"/hitl/{path}") for path in paths]
    assert not [one.url for one in answers if effect_id in one.text]
    told = "SELECT count(*) FROM realtime_event WHERE strpos(message, %s) > 0"
    assert site.rows(told, effect_id) == [(0,)]


# -- Taking back ------------------------------------------------------------------------------


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


@pytest.mark.parametrize("what", ["retract", "outcome"])
@pytest.mark.parametrize("content", ["", "[]", "null", '"x"', "7", "{", '{"reason": NaN}'])
def test_body_that_is_no_object_is_refused(server: Server, what: str, content: str) -> None:
    path = f"/hitl/decisions/{decided(server)['decision_id']}/{what}"
    headers = {"Content-Type": "application/json"}
    assert_problem(server.client("admin").post(path, content=content, headers=headers), 400)


@pytest.mark.parametrize("what", ["retract", "outcome"])
def test_unknown_decision_is_a_404(server: Server, what: str) -> None:
    body = WRONG if what == "retract" else DONE
    user = "reviewer" if what == "retract" else "pipeline"
    assert_problem(server.post(f"/hitl/decisions/{uuid4()}/{what}", body, user), 404)
    assert server.post(f"/hitl/decisions/none/{what}", body, user).status_code == 404
    assert_problem(server.client(user).get(f"/hitl/decisions/{uuid4()}/{what}"), 405)


# -- Outcomes ---------------------------------------------------------------------------------


def test_pipeline_reports_what_it_did(server: Server) -> None:
    made = decided(server)
    answer = report(server, made)
    assert answer.status_code == 200, answer.text
    effect = answer.json()
    assert list(effect) == EFFECT
    assert (effect["state"], effect["answer"]) == ("done", "Merged by hand.")
    assert effect["url"] == "https://ci.example.com/runs/7"
    after = record(server, made)
    assert after["effect"] == effect
    assert after["outcome_notes"] == "Merged by hand."
    assert after["action_completed_at"] == effect["done_at"] is not None
    assert status_of(server, made) == "approved"


def test_failure_is_reported_too_and_can_be_taken_back(server: Server) -> None:
    made = decided(server)
    effect = report(server, made, body={"outcome": "failed"}).json()
    assert (effect["state"], effect["done_at"], effect["answer"]) == ("failed", None, "")
    assert record(server, made)["action_completed_at"] is None
    assert retract(server, made).status_code == 200
    assert status_of(server, made) == "pending"


def test_outcome_is_reported_once(server: Server) -> None:
    made, key = decided(server), {"Idempotency-Key": str(uuid4())}
    first, again = (report(server, made, **key) for _ in range(2))
    assert (first.status_code, again.json()) == (200, first.json())
    for body in (DONE, {"outcome": "failed"}):
        assert "settled" in assert_problem(report(server, made, body=body), 409)["detail"]
    assert record(server, made)["effect"] == first.json()


def test_outcome_of_what_was_taken_back_is_refused(server: Server) -> None:
    made = decided(server)
    retract(server, made)
    assert "taken back" in assert_problem(report(server, made), 409)["detail"]


def test_outcome_of_what_the_console_carries_out_is_not_for_others_to_say(
    server: Server, site: Site
) -> None:
    made = decided(server)
    queue_in_spite_of_the_trigger(site, made)
    assert "settled: queued" in assert_problem(report(server, made), 409)["detail"]
    assert record(server, made)["effect"]["state"] == "queued"


def queue_in_spite_of_the_trigger(site: Site, made: dict[str, Any]) -> None:
    site.execute("ALTER TABLE reviews_effect DISABLE TRIGGER effect_moves")
    sql = "UPDATE reviews_effect SET state = 'queued' WHERE decision_id = %s"
    site.execute(sql, made["decision_id"])
    site.execute("ALTER TABLE reviews_effect ENABLE TRIGGER effect_moves")


@pytest.mark.parametrize("user", ["reviewer", "lead"])
def test_people_report_no_outcomes(server: Server, user: str) -> None:
    made = decided(server)
    assert_problem(report(server, made, user=user), 403)
    assert record(server, made) == made


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"outcome": None}, "outcome"),
        ({"outcome": "merged"}, "outcome"),
        ({"outcome": "external"}, "outcome"),
        ({"outcome": ["done"]}, "outcome"),
        ({"notes": "x" * 5001}, "notes"),
        ({"notes": "NUL \0 in it"}, "notes"),
        ({"notes": "half a pair \ud800"}, "notes"),
        ({"notes": {"a": 1}}, "notes"),
        ({"url": "javascript:alert(1)"}, "url"),
        ({"url": "data:text/html,x"}, "url"),
        ({"url": "//ci.example.com"}, "url"),
        ({"url": "ftp://ci.example.com/x"}, "url"),
        ({"url": "https://good.example.com@evil.example.com/"}, "url"),
        ({"url": "https://ci.example.com\\@evil.example.com/"}, "url"),
        ({"url": "https://ci.example.com/../x"}, "url"),
        ({"url": "https://ci.example.com/" + "x" * 2000}, "url"),
        ({"url": "https://ci.example.com/\0"}, "url"),
        ({"url": "https://[::1"}, "url"),
        ({"url": 7}, "url"),
    ],
    ids=lambda one: str(one)[:50],
)
def test_bad_report_names_the_field_and_changes_nothing(
    server: Server, fields: dict[str, Any], named: str
) -> None:
    made = decided(server)
    path = f"/hitl/decisions/{made['decision_id']}/outcome"
    headers = {"Content-Type": "application/json"}
    body = json.dumps(DONE | fields)
    answer = server.client("pipeline").post(path, content=body, headers=headers)
    assert_problem(answer, 400, named)
    assert record(server, made) == made
