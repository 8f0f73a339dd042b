"""REST: taking back and reporting outcomes answer bad input, and those who may not, plainly."""

from typing import Any

import pytest
from django.test import Client

from reviews.models import Decision, Retraction
from tests.support.in_process import client_of, new_apv

pytestmark = [pytest.mark.fast, pytest.mark.django_db]

BAD = [None, [], [1], "text", 1, {}, {"reason": None}, {"reason": ""}, {"reason": "   "},
       {"reason": "x" * 2001}, {"reason": "a\0b"}, {"reason": {"a": 1}},
       {"outcome": "maybe"}, {"outcome": None}, {"outcome": "done", "notes": "a\0b"},
       {"outcome": "done", "notes": "x" * 5001}, {"outcome": "done", "url": "javascript:alert(1)"},
       {"outcome": "done", "url": "https://user:word@example.com/"},
       {"outcome": "done", "url": "https://[::1/"}]  # fmt: skip


@pytest.fixture
def lead(settings: Any) -> Client:
    settings.HITL_UNDO_SECONDS = 60
    return client_of("leads")


@pytest.fixture
def decision(lead: Client) -> Decision:
    apv = new_apv()
    given = {"apv_id": str(apv.pk), "decision": "approve", "justification": "Looked at it closely."}
    answer = post(lead, "/hitl/decisions", given)
    return Decision.objects.get(pk=answer.json()["decision_id"])


def post(client: Client, path: str, body: Any, **headers: str) -> Any:
    return client.post(path, body, content_type="application/json", headers=headers)


def retract(client: Client, decision: Decision, query: str = "", **headers: str) -> Any:
    where = f"/hitl/decisions/{decision.pk}/retract{query}"
    return post(client, where, {"reason": "The wrong one."}, **headers)


def report(client: Client, decision: Decision, outcome: str = "done", **fields: str) -> Any:
    where = f"/hitl/decisions/{decision.pk}/outcome"
    return post(client, where, {"outcome": outcome, **fields})


@pytest.mark.parametrize("body", BAD, ids=repr)
@pytest.mark.parametrize("call", ["retract", "outcome"])
def test_bad_input_is_refused_and_changes_nothing(
    lead: Client, decision: Decision, call: str, body: Any
) -> None:
    client = lead if call == "retract" else client_of("pipelines")
    answer = post(client, f"/hitl/decisions/{decision.pk}/{call}", body)
    assert answer.status_code == 400
    decision.effect.refresh_from_db()
    assert decision.effect.state == "external"


@pytest.mark.parametrize("query", ["?decision=reject", "?decision=nonsense", "?page=7"])
def test_filter_in_the_address_does_not_hide_what_was_taken_back(
    lead: Client, decision: Decision, query: str
) -> None:
    answer = retract(lead, decision, query)
    retracted = Retraction.objects.filter(decision=decision).exists()
    assert retracted is (answer.status_code == 200)


@pytest.mark.parametrize("group", ["observers", "pipelines"])
def test_those_who_may_not_decide_may_not_take_back(decision: Decision, group: str) -> None:
    answer = retract(client_of(group), decision)
    assert answer.status_code == 403
    assert decision.justification not in answer.content.decode()


@pytest.mark.parametrize("group", ["observers", "reviewers", "leads"])
def test_only_pipelines_report_outcomes(decision: Decision, group: str) -> None:
    assert report(client_of(group), decision).status_code == 403


def test_outcome_is_reported_once_and_shown(lead: Client, decision: Decision) -> None:
    pipeline = client_of("pipelines")
    assert report(pipeline, decision, notes="Deployed.").status_code == 200
    assert report(pipeline, decision, "failed").status_code == 409
    assert retract(lead, decision).status_code == 409
    shown = lead.get(f"/hitl/decisions/{decision.pk}").json()
    assert (shown["outcome_notes"], shown["effect"]["state"]) == ("Deployed.", "done")
    assert shown["action_completed_at"] == shown["effect"]["done_at"] is not None


def test_outcome_of_what_was_taken_back_is_refused(lead: Client, decision: Decision) -> None:
    assert retract(lead, decision).status_code == 200
    assert report(client_of("pipelines"), decision).status_code == 409
    shown = lead.get(f"/hitl/decisions/{decision.pk}").json()
    assert (shown["effect"]["state"], shown["action_completed_at"]) == ("cancelled", None)


def test_failed_outcome_is_no_completion(lead: Client, decision: Decision) -> None:
    assert report(client_of("pipelines"), decision, "failed", notes="No.").status_code == 200
    shown = lead.get(f"/hitl/decisions/{decision.pk}").json()
    assert (shown["effect"]["state"], shown["action_completed_at"]) == ("failed", None)


def test_key_that_comes_again_gets_the_first_answer(lead: Client, decision: Decision) -> None:
    key = {"Idempotency-Key": "one"}
    first, second = (retract(lead, decision, **key) for _ in range(2))
    assert (first.status_code, first.json()) == (second.status_code, second.json())
    assert retract(lead, decision).status_code == 409


@pytest.mark.parametrize("call", ["retract", "outcome"])
def test_unknown_decision_is_not_found(lead: Client, call: str) -> None:
    body = {"reason": "x", "outcome": "done"}
    client = lead if call == "retract" else client_of("pipelines")
    where = f"/hitl/decisions/00000000-0000-0000-0000-000000000000/{call}"
    assert post(client, where, body).status_code == 404


def test_without_time_to_undo_what_is_left_to_others_stands(lead: Client, settings: Any) -> None:
    settings.HITL_UNDO_SECONDS = 0
    given = {"apv_id": str(new_apv().pk), "decision": "approve", "justification": "Looked closely."}
    made = Decision.objects.get(pk=post(lead, "/hitl/decisions", given).json()["decision_id"])
    assert (made.effect.state, made.effect.held_until) == ("external", None)
    assert retract(lead, made).status_code == 409
