"""What is called off leaves the merge queue, and only then."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob as Job

from reviews import services
from reviews.effects import carrying_out, gate, merge_queue
from reviews.models import Effect
from tests.support.decided import WAITING, Decided
from tests.support.forges import FakeGitHub
from tests.support.forges.http import answers

pytestmark = [pytest.mark.server, pytest.mark.django_db]


@pytest.fixture
def queued(github: FakeGitHub, db: None) -> Decided:
    """A pull request in a merge queue."""
    decided = Decided(github)
    decided.pull.repo.queue = True
    assert decided.carry_out().in_merge_queue
    return decided


def retract(queued: Decided) -> None:
    decision = queued.effect.decision
    services.retract(decision_id=decision.pk, by=queued.lead, reason="The wrong one.")


def leave() -> None:
    """Do what the jobs that wait are to do."""
    jobs = Job.objects.filter(task_name="reviews.leave_merge_queue", status="todo")
    for job in jobs:
        merge_queue.leave(job.args["effect_id"])
    jobs.delete()


def test_error_does_not_forget_the_entry(queued: Decided) -> None:
    queued.fake.fault(reply=answers(500))
    assert queued.attempt().state == "queued"
    retract(queued)
    leave()
    assert queued.pull.entry is None
    assert not queued.effect.in_merge_queue


def test_new_evidence_takes_it_out(queued: Decided) -> None:
    values = {"wargame_verdict": "failure"}
    services.add_evidence(apv_id=queued.apv.pk, values=values, version=queued.apv.version)
    assert queued.apv.status == "pending"
    leave()
    assert queued.pull.entry is None


def test_giving_up_takes_it_out(queued: Decided) -> None:
    Effect.objects.update(due_at=timezone.now() - timedelta(hours=25))
    assert queued.attempt().state == "failed"
    leave()
    assert queued.pull.entry is None


def test_entry_that_a_later_approval_took_over_stays(queued: Decided) -> None:
    retract(queued)
    queued.decide()
    assert queued.attempt().state == WAITING
    leave()
    assert queued.pull.entry is not None
    retract(queued)
    leave()
    assert queued.pull.entry is None


def test_entry_is_taken_out_though_the_job_was_lost(queued: Decided) -> None:
    retract(queued)
    Job.objects.all().delete()
    carrying_out.sweep()
    carrying_out.sweep()
    assert Job.objects.filter(task_name="reviews.leave_merge_queue").count() == 1
    leave()
    assert queued.pull.entry is None
    carrying_out.sweep()
    assert not Job.objects.filter(task_name="reviews.leave_merge_queue").exists()


@pytest.mark.parametrize("fails", ["enqueue", "look"])
def test_lost_answer_of_the_queue_cannot_be_taken_back_before_it_is_known(
    github: FakeGitHub, db: None, fails: str
) -> None:
    decided = Decided(github)
    decided.pull.repo.queue = True
    decided.decide()
    github.fault(on="enqueue", drop=True)
    assert decided.attempt().state == "running"
    if fails == "look":
        github.fault(path="graphql", reply=answers(502))
        assert decided.attempt().state == "running"
    assert decided.attempt().in_merge_queue
    assert decided.writes("enqueue") == 1


def test_overtaken_attempt_sets_no_success_on_the_commit_of_the_queue(
    queued: Decided, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was taken for dead may go on after the decision was taken back."""
    assert queued.pull.entry is not None
    commit, real = queued.pull.entry.commit, gate.set_status

    def taken_back(*given: Any, **options: Any) -> None:
        real(*given, **options)
        Effect.objects.update(state="waiting")
        retract(queued)

    monkeypatch.setattr(gate, "set_status", taken_back)
    queued.attempt()
    names = [one.name for one in queued.fake.status_of(queued.pull.repo, commit)]
    assert (queued.effect.state, names) == ("cancelled", [])
