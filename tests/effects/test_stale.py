"""Whoever is late writes nothing, and what is not wanted any more is not carried out."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from audit.models import Entry
from reviews import services
from reviews.effects import carrying_out
from reviews.effects.attempt import Attempt
from reviews.models import Effect
from tests.support.decided import DONE, REFUSED, Decided
from tests.support.forges import FakeForge, FakeGitHub
from tests.support.forges.http import answers

pytestmark = [pytest.mark.server, pytest.mark.django_db]

WRITES = [("approve", "merge"), ("reject", "comment"), ("modify", "review")]


@pytest.fixture
def decided(github: FakeGitHub, db: None) -> Decided:
    return Decided(github)


def once_before(monkeypatch: Any, owner: Any, name: str, act: Callable[[], object]) -> None:
    """Let `act` happen once, just before a function is called."""
    real, acts = getattr(owner, name), [act]

    def delayed(*args: Any, **options: Any) -> Any:
        if acts:
            acts.pop()()
        return real(*args, **options)

    monkeypatch.setattr(owner, name, delayed)


def add_evidence(decided: Decided) -> None:
    values = {"wargame_verdict": "failure"}
    services.add_evidence(apv_id=decided.apv.pk, values=values, version=decided.apv.version)


def is_back(decided: Decided) -> bool:
    return (decided.apv.status, decided.apv.revision) == ("pending", 2)


# -- An attempt that stood still --------------------------------------------------------------


@pytest.mark.parametrize(("decision", "kind"), [*WRITES, ("escalate", "comment")])
def test_attempt_that_was_taken_for_dead_before_its_write_writes_nothing(
    decided: Decided, monkeypatch: Any, decision: str, kind: str
) -> None:
    effect_id = decided.decide(decision).effect.pk
    another = lambda: carrying_out.carry_out(effect_id)  # noqa: E731
    once_before(monkeypatch, Attempt, "write", another)
    effect = decided.attempt()
    assert (effect.state, effect.attempts) == (DONE, 2)
    assert decided.writes(kind) == 1


def test_attempt_that_was_taken_for_dead_after_its_answer_records_nothing(
    decided: Decided, monkeypatch: Any
) -> None:
    decided.pull.repo.required = ("build",)
    effect_id = decided.decide().effect.pk

    def another() -> None:
        decided.pull.repo.required = ()
        carrying_out.carry_out(effect_id)

    once_before(monkeypatch, carrying_out, "_record", another)
    effect = decided.attempt()
    assert (effect.state, effect.attempts) == (DONE, 2)


# -- A decision that is not wanted any more ---------------------------------------------------


@pytest.mark.parametrize(("decision", "kind"), WRITES)
def test_evidence_that_comes_before_the_write_stops_it(
    decided: Decided, monkeypatch: Any, decision: str, kind: str
) -> None:
    decided.decide(decision)
    once_before(monkeypatch, Attempt, "write", lambda: add_evidence(decided))
    effect = decided.attempt()
    assert (effect.state, effect.answer) == (REFUSED, "there is a newer revision")
    assert decided.writes(kind) == 0
    assert is_back(decided)


def test_evidence_that_comes_while_the_forge_says_wait_puts_it_back(
    decided: Decided, monkeypatch: Any
) -> None:
    decided.pull.repo.required = ("build",)
    decided.decide()
    once_before(monkeypatch, carrying_out, "_record", lambda: add_evidence(decided))
    assert decided.attempt().state == REFUSED
    assert is_back(decided)
    assert Entry.objects.filter(action="apv_reopened").exists()


def test_giving_up_puts_back_what_changed_meanwhile(decided: Decided) -> None:
    decided.decide()
    decided.fake.fault(on="merge", reply=answers(502))
    assert decided.attempt().state == "running"
    add_evidence(decided)
    Effect.objects.update(due_at=timezone.now() - timedelta(hours=25))
    decided.fake.fault(reply=answers(502))
    assert decided.attempt().state == "failed"
    assert is_back(decided)


def test_pull_request_that_was_opened_again_is_not_closed_again(decided: Decided) -> None:
    decided.decide("reject")
    decided.fake.fault(on="close", drop=True)
    assert decided.attempt().state == "running"
    decided.read()
    decided.fake.reopen(decided.pull)
    decided.read()
    assert decided.attempt().state == REFUSED
    assert (decided.pull.state, decided.writes("close")) == ("open", 1)
    assert is_back(decided)


def test_escalation_that_was_said_before_a_lead_decided_is_done(decided: Decided) -> None:
    escalated = decided.decide("escalate").effect
    decided.fake.fault(on="comment", drop=True)
    assert decided.attempt().state == "running"
    decided.decide("approve")
    Effect.objects.update(next_at=timezone.now())
    carrying_out.carry_out(escalated.pk)
    escalated.refresh_from_db()
    assert (escalated.state, decided.writes("comment")) == (DONE, 1)


# -- What an earlier attempt may have done ----------------------------------------------------


def test_what_was_said_before_the_forge_refused_is_not_said_again(
    fake: FakeForge, db: None
) -> None:
    decided = Decided(fake)
    decided.decide("reject")
    decided.fake.fault(on="close", reply=answers(403))
    assert decided.attempt().state == REFUSED
    services.try_again(decision_id=decided.effect.decision_id, by=decided.lead)
    assert decided.attempt().state == DONE
    assert (decided.writes("comment"), decided.writes("close")) == (1, 1)


def test_what_was_said_before_the_console_gave_up_is_not_said_again(decided: Decided) -> None:
    decided.decide("modify")
    Effect.objects.update(due_at=timezone.now() - timedelta(hours=25))
    decided.fake.fault(on="review", drop=True)
    assert decided.attempt().state == "failed"
    services.try_again(decision_id=decided.effect.decision_id, by=decided.lead)
    assert (decided.attempt().state, decided.writes("review")) == (DONE, 1)


@pytest.mark.parametrize("status", [403, 404])
def test_merge_of_unknown_outcome_is_not_refused_because_it_cannot_be_seen(
    decided: Decided, status: int
) -> None:
    decided.decide()
    decided.fake.fault(on="merge", drop=True)
    assert decided.attempt().state == "running"
    decided.fake.fault(reply=answers(status))
    assert decided.attempt().state == "running"
    assert decided.settle().state == DONE


def test_it_is_tried_again_after_any_number_of_attempts(decided: Decided) -> None:
    decided.decide()
    Effect.objects.update(attempts=5000)
    decided.fake.fault(reply=answers(503))
    effect = decided.attempt()
    assert (effect.state, effect.attempts) == ("queued", 5001)
    assert effect.next_at is not None
    assert effect.next_at <= timezone.now() + timedelta(minutes=7)


# -- Another target ---------------------------------------------------------------------------


def retarget(decided: Decided) -> None:
    """Let the pull request go into another branch, with the same patch."""
    git = decided.pull.repo.git
    git.set_branch("release", git.head("main"))
    decided.fake.edit(decided.pull, base="release")


def test_approved_commit_is_not_merged_into_another_branch(fake: FakeForge, db: None) -> None:
    decided = Decided(fake)
    decided.decide()
    retarget(decided)
    effect = decided.attempt()
    assert (effect.state, effect.answer) == (REFUSED, "its target changed from main to release")
    assert decided.pull.state == "open"
    decided.read()
    assert is_back(decided)
    assert decided.carry_out().state == DONE


def test_new_target_that_is_read_first_puts_it_back(decided: Decided) -> None:
    decided.decide()
    retarget(decided)
    decided.read()
    assert (decided.effect.state, decided.effect.answer) == (REFUSED, "there is a newer revision")
    assert is_back(decided)


def test_merge_by_somebody_into_another_branch_is_not_the_approved_one(decided: Decided) -> None:
    decided.decide()
    retarget(decided)
    decided.fake.merge(decided.pull)
    effect = decided.attempt()
    assert (effect.state, effect.merged_commit) == (REFUSED, "")
    decided.read()
    assert (decided.apv.status, decided.apv.withdrawn_reason) == ("withdrawn", "merged")
    assert Entry.objects.filter(action="merged_around").exists()
