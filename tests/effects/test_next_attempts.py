"""An effect that waits is tried again as soon as something changes, not when its time has come."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from reviews import services
from reviews.choices import EffectState
from reviews.effects import carrying_out
from reviews.models import Effect
from tests.support.decided import DONE, REFUSED, WAITING, Decided
from tests.support.forges import FakeGitHub
from tests.support.forges.http import answers
from tests.support.in_process_jobs import Jobs

pytestmark = [pytest.mark.server, pytest.mark.django_db]


def waited_long(decided: Decided) -> Effect:
    """Approve, and fail to merge until the next attempt is minutes away; return the effect."""
    decided.fake.fault(on="merge", reply=answers(405))
    decided.decide()
    Effect.objects.update(attempts=10)
    work()
    assert decided.effect.state == WAITING
    next_at = decided.effect.next_at
    assert next_at is not None
    assert next_at > timezone.now() + timedelta(minutes=1)
    return decided.effect


def work() -> None:
    """Run all jobs that are due now."""
    jobs = Jobs()
    while jobs.run_next(timezone.now()):
        pass


def wake(effect: Effect) -> None:
    pull_request = effect.decision.apv.pull_request
    assert pull_request
    carrying_out.wake(pull_request.pk)


def refuse_and_try_again(effect: Effect) -> None:
    Effect.objects.update(state=EffectState.RUNNING)
    Effect.objects.update(state=EffectState.REFUSED)
    lead = effect.decision.reviewer
    services.try_again(decision_id=effect.decision_id, by=lead)


@pytest.mark.parametrize("something_changes", [wake, refuse_and_try_again])
def test_attempt_is_made_at_once_though_another_one_was_to_be_made_later(
    decided: Decided, something_changes: Callable[[Effect], None]
) -> None:
    something_changes(waited_long(decided))
    work()
    assert (decided.effect.state, decided.pull.state) == (DONE, "merged")


def test_queue_is_left_at_once_though_an_attempt_was_to_be_made_later(github: FakeGitHub) -> None:
    decided = Decided(github)
    decided.pull.repo.queue = True
    decided.decide()
    Effect.objects.update(attempts=10)
    work()
    assert (decided.effect.state, decided.pull.entry is not None) == (WAITING, True)
    services.retract(decision_id=decided.effect.decision_id, by=decided.lead, reason="A slip.")
    work()
    assert (decided.effect.state, decided.pull.entry) == (EffectState.CANCELLED, None)
    assert github.merge_queued(decided.pull.repo) == []


def test_what_new_evidence_stops_leaves_the_queue(github: FakeGitHub) -> None:
    decided = Decided(github)
    decided.pull.repo.queue = True
    decided.decide()
    work()
    apv = decided.apv
    services.add_evidence(apv_id=apv.pk, values={"wargame_verdict": "failure"}, version=apv.version)
    assert (decided.effect.state, decided.effect.answer) == (REFUSED, "there is a newer revision")
    work()
    assert decided.pull.entry is None
    assert decided.status() == "pending"


def test_what_is_given_up_leaves_the_queue(github: FakeGitHub) -> None:
    decided = Decided(github)
    decided.pull.repo.queue = True
    decided.decide()
    work()
    Effect.objects.update(due_at=timezone.now() - timedelta(days=2))
    assert decided.attempt().state == EffectState.FAILED
    work()
    assert decided.pull.entry is None
