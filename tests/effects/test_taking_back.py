"""A decision can be taken back while nothing of it happened, and is no decision then."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from audit.models import Entry
from reviews import services, tally, tasks
from reviews.effects import gate, merge_queue
from reviews.errors import CannotRetract, NotAllowed, OutcomeIsSettled
from reviews.models import Effect
from tests.support.decided import DONE, REFUSED, WAITING, Decided, member
from tests.support.forges import FakeForge, FakeGitHub
from tests.support.forges.http import answers
from tests.support.in_process_jobs import Jobs

pytestmark = [pytest.mark.server, pytest.mark.django_db]


def retract(decided: Decided, by: Any = None) -> None:
    decision = decided.effect.decision
    services.retract(decision_id=decision.pk, by=by or decided.lead, reason="The wrong one.")


@pytest.fixture
def held(decided: Decided, settings: Any) -> Decided:
    settings.HITL_UNDO_SECONDS = 10
    decided.decide()
    return decided


def test_effect_is_held_as_long_as_it_can_be_undone(held: Decided) -> None:
    effect = held.effect
    assert effect.state == "held"
    assert effect.held_until == effect.next_at == effect.created_at + timedelta(seconds=10)
    assert held.attempt().state == DONE


def test_undone_decision_is_never_carried_out_and_can_be_made_anew(held: Decided) -> None:
    assert tally.decisions() == 1
    retract(held)
    assert held.effect.state == "cancelled"
    assert held.attempt().attempts == 0
    assert held.writes("merge") == 0
    apv = held.apv
    assert (apv.status, apv.revision, tally.decisions()) == ("pending", 2, 0)
    held.decide("reject")
    assert held.attempt().state == DONE
    assert (held.pull.state, tally.decisions(), tally.records()) == ("closed", 1, 2)


def test_undone_decision_on_an_escalated_one_leaves_it_with_the_leads(held: Decided) -> None:
    retract(held)
    held.decide("escalate")
    held.decide("approve")
    retract(held)
    assert held.apv.status == "escalated"


@pytest.mark.parametrize("between", ["nothing", "push", "evidence"])
def test_escalation_outlives_any_number_of_undone_decisions(held: Decided, between: str) -> None:
    retract(held)
    held.decide("escalate")
    if between == "push":
        held.fake.push(held.pull, {"package.json": "{}\n"})
        held.read()
    for _ in range(2):
        held.decide("approve")
        retract(held)
        assert held.apv.status == "escalated"
        if between == "evidence":
            values = {"confirmed": not held.apv.confirmed}
            services.add_evidence(apv_id=held.apv.pk, values=values, version=held.apv.version)


def test_undone_escalation_is_none(held: Decided) -> None:
    retract(held)
    held.decide("escalate")
    retract(held)
    assert held.apv.status == "pending"


@pytest.mark.parametrize(("decision", "ends"), [("approve", "merge"), ("reject", "close")])
def test_what_somebody_did_on_the_forge_meanwhile_cannot_be_taken_back(
    held: Decided, decision: str, ends: str
) -> None:
    if decision == "reject":
        retract(held)
        held.decide("reject")
    getattr(held.fake, ends)(held.pull)
    held.read()
    with pytest.raises(CannotRetract, match="too late: the pull request is"):
        retract(held)
    assert held.attempt().state == DONE


def test_only_who_decided_or_a_lead_takes_back(held: Decided) -> None:
    with pytest.raises(NotAllowed):
        retract(held, by=member("reviewers"))
    retract(held, by=member("leads"))


def test_decision_is_taken_back_once(held: Decided) -> None:
    retract(held)
    with pytest.raises(CannotRetract, match="already"):
        retract(held)


@pytest.mark.parametrize("state", ["running", "done"])
def test_what_was_begun_cannot_be_taken_back(decided: Decided, state: str) -> None:
    decided.decide()
    decided.fake.fault(on="merge", drop=state == "running")
    assert decided.attempt().state == state
    with pytest.raises(CannotRetract, match="too late"):
        retract(decided)


def test_what_waits_can_be_taken_back(decided: Decided) -> None:
    decided.pull.repo.required = ("build",)
    assert decided.carry_out().state == WAITING
    retract(decided)
    decided.pull.repo.required = ()
    decided.attempt()
    assert decided.pull.state == "open"


def test_refused_one_is_tried_again_or_opened_again(decided: Decided) -> None:
    decided.pull.draft = True
    assert decided.carry_out().state == REFUSED
    decided.pull.draft = False
    services.try_again(decision_id=decided.effect.decision_id, by=decided.lead)
    assert decided.attempt().state == DONE
    with pytest.raises(OutcomeIsSettled):
        services.try_again(decision_id=decided.effect.decision_id, by=decided.lead)


def test_refused_one_is_opened_again(decided: Decided) -> None:
    decided.pull.draft = True
    decided.carry_out()
    retract(decided)
    assert (decided.apv.status, decided.effect.state) == ("pending", "cancelled")


def test_only_leads_try_again(decided: Decided) -> None:
    decided.pull.draft = True
    decided.carry_out()
    with pytest.raises(NotAllowed):
        services.try_again(decision_id=decided.effect.decision_id, by=member("reviewers"))


def test_failed_one_has_its_whole_time_again(decided: Decided) -> None:
    decided.decide()
    Effect.objects.update(due_at=timezone.now() - timedelta(hours=25))
    decided.fake.fault(reply=answers(503), times=1)
    assert decided.attempt().state == "failed"
    services.try_again(decision_id=decided.effect.decision_id, by=decided.lead)
    decided.fake.fault(reply=answers(503), times=1)
    assert decided.attempt().state == "queued"
    assert decided.settle().state == DONE


def test_taken_back_it_leaves_the_merge_queue(github: FakeGitHub) -> None:
    decided = Decided(github)
    decided.pull.repo.queue = True
    assert decided.carry_out().in_merge_queue
    retract(decided)
    merge_queue.leave(decided.effect.pk)
    assert decided.pull.entry is None
    assert [decided.writes(kind) for kind in ("enqueue", "dequeue")] == [1, 1]
    assert decided.status() == "pending"


# -- The status of the head -------------------------------------------------------------------


def set_gate(decided: Decided) -> str:
    gate.set_now(decided.apv.pk)
    return decided.status()


@pytest.mark.parametrize("decision", ["reject", "modify"])
def test_status_follows_the_decision(decided: Decided, decision: str) -> None:
    assert set_gate(decided) == "pending"
    decided.decide(decision)
    assert set_gate(decided) in {"failure", "failed"}


def test_approval_opens_the_gate_only_when_it_cannot_be_undone(held: Decided) -> None:
    assert set_gate(held) == "pending"
    held.pull.repo.required = ("build",)
    assert held.attempt().state == WAITING
    assert held.status() == "success"
    retract(held)
    assert set_gate(held) == "pending"


def test_each_new_head_has_a_status_of_its_own(decided: Decided) -> None:
    set_gate(decided)
    decided.fake.push(decided.pull, {"package.json": "{}\n"})
    assert decided.status() == ""
    decided.read()
    assert set_gate(decided) == "pending"


def test_status_is_set_once(decided: Decided) -> None:
    set_gate(decided)
    before = len(decided.fake.writes)
    set_gate(decided)
    assert len(decided.fake.writes) == before


def test_status_names_no_address_if_the_console_knows_none(decided: Decided, settings: Any) -> None:
    """An empty one is no address to GitLab, which would refuse the status."""
    settings.HITL_CONSOLE_URL = ""
    set_gate(decided)
    assert b"hitl-console" in decided.fake.writes[-1].body
    assert b"target_url" not in decided.fake.writes[-1].body


def test_forge_that_refuses_the_status_is_noted_and_no_obstacle(decided: Decided) -> None:
    decided.fake.fault(reply=answers(403), path="statuses", times=100)
    set_gate(decided)
    assert decided.apv.gate.problem
    assert decided.carry_out().state == DONE


def test_refused_status_is_set_once_the_forge_takes_it(decided: Decided) -> None:
    set_gate(decided)
    decided.fake.fault(reply=answers(403), path="statuses", times=1)
    decided.decide("modify")
    set_gate(decided)
    assert decided.status() == "pending"
    jobs = Jobs()
    tasks.set_refused_gates(timestamp=0)
    while jobs.run_next(timezone.now()):
        pass
    assert decided.apv.gate.problem == ""
    assert decided.status() in {"failure", "failed"}


# -- Around the console -----------------------------------------------------------------------


@pytest.mark.parametrize("decision", [None, "reject", "escalate"])
def test_merge_that_nobody_approved_is_audited_and_told(
    fake: FakeForge, db: None, settings: Any, decision: str | None
) -> None:
    settings.HITL_UNDO_SECONDS = 60
    decided = Decided(fake)
    if decision:
        decided.decide(decision)
    fake.merge(decided.pull, by="somebody")
    decided.read()
    assert (decided.apv.status, decided.apv.withdrawn_reason) == ("withdrawn", "merged")
    (entry,) = Entry.objects.filter(action="merged_around")
    assert decided.pull.head_sha in entry.details


def test_merge_of_the_approved_commit_by_somebody_is_none_around(decided: Decided) -> None:
    decided.decide()
    decided.fake.merge(decided.pull, by="somebody")
    decided.read()
    assert not Entry.objects.filter(action="merged_around").exists()
    assert decided.apv.status == "approved"


@pytest.mark.parametrize("decision", [None, "reject", "approve"])
def test_merge_of_what_is_not_approved_any_more_is_one_around(
    held: Decided, decision: str | None
) -> None:
    """Evidence that came after an approval ended it."""
    values = {"wargame_verdict": "failure"}
    services.add_evidence(apv_id=held.apv.pk, values=values, version=held.apv.version)
    assert held.apv.status == "pending"
    if decision:
        held.decide(decision)
    held.fake.merge(held.pull, by="somebody")
    held.read()
    assert Entry.objects.filter(action="merged_around").exists() is (decision != "approve")
