"""Over REST: what became of decisions, and what pipelines report."""

import json
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from tests.support.effects_api import DONE, WRONG, decided, record, report, retract, status_of
from tests.support.problems import assert_problem
from tests.support.site import Server, Site

EFFECT = [
    *("kind", "state", "head_commit", "attempts", "answer", "merged_commit", "url"),
    *("held_until", "next_at", "changed_at", "done_at"),
]


@pytest.fixture(scope="module")
def server(site: Site) -> Iterator[Server]:
    """A server whose decisions can be taken back for as long as the tests run."""
    with site.uvicorn(HITL_UNDO_SECONDS="3600") as server:
        yield server


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


# -- Both requests ----------------------------------------------------------------------------


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
