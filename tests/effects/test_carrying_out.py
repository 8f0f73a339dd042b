"""Each kind of effect is carried out once, on the commit that was decided on, on every forge."""

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob as Job

from reviews.effects import carrying_out
from reviews.models import Effect
from tests.support.decided import DONE, REFUSED, WAITING, Decided
from tests.support.forges import FakeForge, FakeGitHub
from tests.support.forges.http import answers

pytestmark = [pytest.mark.server, pytest.mark.django_db]


# -- What each does ---------------------------------------------------------------------------


def test_approval_merges_and_keeps_the_merge_commit(decided: Decided) -> None:
    effect = decided.carry_out()
    assert (effect.state, effect.answer) == (DONE, "")
    assert decided.pull.state == "merged"
    assert effect.merged_commit == decided.pull.merged_sha
    assert effect.done_at is not None
    decided.read()
    assert (decided.apv.status, decided.apv.pull_request_state) == ("approved", "merged")


def test_rejection_says_why_and_closes(decided: Decided) -> None:
    effect = decided.carry_out("reject", justification="It drops Python 3.11.")
    assert (effect.state, decided.pull.state) == (DONE, "closed")
    (text,) = decided.pull.comments
    assert "It drops Python 3.11." in text
    assert decided.apv.apv_code in text
    decided.read()
    assert decided.apv.status == "rejected"


def test_modification_requests_changes_with_the_list(decided: Decided) -> None:
    effect = decided.carry_out("modify", modifications={"pin": "exactly", "ticks": "``` @all"})
    assert (effect.state, decided.pull.state) == (DONE, "open")
    texts: list[str] = [*decided.pull.threads, *(one["body"] for one in decided.pull.reviews)]
    (text,) = texts
    assert "- ` pin: exactly `" in text
    assert "- ```` ticks: ``` @all ````" in text


def test_escalation_comments_and_assigns_whom_the_repository_names(fake: FakeForge) -> None:
    fake.account("boss")
    decided = Decided(fake, assignee="boss")
    effect = decided.carry_out("escalate")
    assert effect.state == DONE
    assert [one.login for one in decided.pull.assignees] == ["boss"]
    assert len(decided.pull.comments) == 1


def test_escalation_that_a_lead_decided_on_already_is_not_said(decided: Decided) -> None:
    escalated = decided.decide("escalate")
    assert decided.carry_out("approve").state == DONE
    carrying_out.carry_out(escalated.effect.pk)
    escalated.effect.refresh_from_db()
    assert (escalated.effect.state, decided.pull.comments) == (REFUSED, [])


@pytest.mark.parametrize("names", [False, True])
def test_comment_names_the_reviewer_only_if_the_repository_says_so(
    fake: FakeForge, names: bool
) -> None:
    decided = Decided(fake, names_reviewers=names)
    decided.carry_out("reject")
    assert ("root" in decided.pull.comments[0]) is names


@pytest.mark.parametrize("method", ["merge", "squash"])
def test_merge_method_and_branch_are_as_the_repository_says(fake: FakeForge, method: str) -> None:
    decided = Decided(fake, merge_method=method, deletes_branch=True)
    decided.carry_out()
    merges = decided.pull.repo.git.commits("main~1", "main")
    assert len(merges) == (2 if method == "merge" else 1)  # the commit and its merge, or one
    assert decided.pull.repo.git.head("bump") == ""


# -- Only the commit that was decided on ------------------------------------------------------


@pytest.mark.parametrize("decision", ["approve", "reject", "modify"])
def test_head_that_moved_is_refused_and_comes_back(decided: Decided, decision: str) -> None:
    before = decided.pull.head_sha
    decided.decide(decision)
    moved = decided.fake.push(decided.pull, {"package.json": "{}\n"}, force=True)
    effect = decided.attempt()
    assert effect.state == REFUSED
    assert effect.answer == f"the head moved from {before[:8]} to {moved[:8]}"
    assert decided.pull.state == "open"
    assert not any(map(decided.writes, ["merge", "close", "comment", "review"]))
    decided.read()
    assert (decided.apv.status, decided.apv.revision) == ("pending", 2)


def test_push_that_is_read_first_stops_the_effect(decided: Decided) -> None:
    decided.decide()
    decided.fake.push(decided.pull, {"package.json": "{}\n"}, force=True)
    decided.read()
    assert decided.effect.state == REFUSED
    assert decided.effect.next_at is None
    assert decided.apv.status == "pending"
    assert decided.attempt().attempts == 0


def test_push_between_look_and_merge_is_refused(decided: Decided) -> None:
    decided.decide()
    moved = {"package.json": "{}\n"}
    decided.fake.fault(on="merge", before=lambda: decided.fake.push(decided.pull, moved))
    effect = decided.attempt()
    assert (effect.state, decided.writes("merge")) == (REFUSED, 0)


def test_merged_by_somebody_else_at_the_approved_head_is_done(decided: Decided) -> None:
    decided.decide()
    decided.fake.merge(decided.pull, by="somebody")
    effect = decided.attempt()
    assert (effect.state, effect.merged_commit) == (DONE, decided.pull.merged_sha)
    assert effect.answer == "it was merged already by somebody"


def test_closed_by_somebody_else_is_no_merge(decided: Decided) -> None:
    decided.decide()
    decided.fake.close(decided.pull)
    assert decided.attempt().state == REFUSED
    decided.read()
    assert decided.apv.status == "withdrawn"


# -- Answers that are lost, errors, and waiting -----------------------------------------------


@pytest.mark.parametrize(
    ("decision", "kind"),
    [
        ("approve", "merge"),
        ("reject", "comment"),
        ("reject", "close"),
        ("modify", "review"),
        ("escalate", "comment"),
    ],
)
def test_lost_answer_is_looked_for_and_not_asked_twice(
    decided: Decided, decision: str, kind: str
) -> None:
    decided.decide(decision)
    decided.fake.fault(on=kind, drop=True)
    assert decided.attempt().state == "running"
    assert decided.settle().state == DONE
    assert decided.writes(kind) == 1
    assert decided.fake.ledger.done_twice() == {}


@pytest.mark.parametrize(("decision", "least"), [("approve", 0), ("reject", 14), ("modify", 14)])
def test_text_that_may_come_late_is_looked_for_later(
    decided: Decided, decision: str, least: int
) -> None:
    decided.decide(decision)
    kind = {"approve": "merge", "reject": "comment", "modify": "review"}[decision]
    decided.fake.fault(on=kind, drop=True)
    effect = decided.attempt()
    assert effect.next_at is not None
    assert (effect.next_at - effect.changed_at).total_seconds() > least


def test_error_before_the_first_write_leaves_it_unbegun(decided: Decided) -> None:
    decided.decide()
    decided.fake.fault(reply=answers(500))
    effect = decided.attempt()
    assert (effect.state, effect.next_at is not None) == ("queued", True)
    assert decided.settle().state == DONE


def test_it_gives_up_after_its_time(decided: Decided) -> None:
    decided.decide()
    Effect.objects.update(due_at=timezone.now() - timedelta(hours=25))
    decided.fake.fault(reply=answers(500), times=100)
    effect = decided.attempt()
    assert (effect.state, effect.next_at) == ("failed", None)
    assert "500" in effect.answer


def test_required_check_is_waited_for_and_wakes_it(decided: Decided) -> None:
    decided.pull.repo.required = ("build",)
    decided.fake.add_check(decided.pull.repo, decided.pull.head_sha, "build", "pending")
    effect = decided.carry_out()
    assert effect.state == WAITING
    assert not is_due(effect)
    decided.fake.add_check(decided.pull.repo, decided.pull.head_sha, "build", "success")
    decided.read()
    assert is_due(decided.effect)
    carrying_out.carry_out(effect.pk)
    assert decided.effect.state == DONE


def test_own_status_satisfies_a_rule_that_requires_it(decided: Decided) -> None:
    decided.pull.repo.required = ("hitl-console",)
    assert decided.carry_out().state == DONE
    assert decided.status() == "success"


def test_conflict_is_refused(decided: Decided) -> None:
    decided.decide()
    decided.fake.push_to_main(decided.pull.repo, {"package.json": "[]\n"})
    effect = decided.attempt()
    assert effect.state == REFUSED
    assert "conflicts" in effect.answer


def test_nothing_is_done_before_it_is_due(decided: Decided) -> None:
    effect_id = decided.decide().effect.pk
    Effect.objects.update(next_at=timezone.now() + timedelta(minutes=1))
    carrying_out.carry_out(effect_id)
    assert decided.effect.attempts == 0


def test_repository_that_is_not_watched_any_more_is_left_alone(decided: Decided) -> None:
    decided.decide()
    decided.repository.watched = False
    decided.repository.save()
    assert decided.attempt().state == REFUSED
    assert decided.writes("merge") == 0


def test_effect_whose_job_was_lost_gets_another(decided: Decided) -> None:
    effect = decided.decide().effect
    Job.objects.filter(task_name="reviews.carry_out").delete()
    Effect.objects.update(next_at=timezone.now() - timedelta(minutes=1))
    carrying_out.sweep()
    carrying_out.sweep()
    waiting = Job.objects.filter(task_name="reviews.carry_out", status="todo")
    assert [one.args for one in waiting] == [{"effect_id": str(effect.pk)}]


def is_due(effect: Effect) -> bool:
    return effect.next_at is not None and effect.next_at <= timezone.now()


# -- The merge queue --------------------------------------------------------------------------


def test_required_merge_queue_is_entered_once_and_followed(github: FakeGitHub) -> None:
    decided = Decided(github)
    decided.pull.repo.queue = True
    effect = decided.carry_out()
    assert (effect.state, effect.in_merge_queue) == (WAITING, True)
    assert decided.attempt().state == WAITING
    assert decided.writes("enqueue") == 1
    github.merge(decided.pull, by="github-merge-queue[bot]")
    assert decided.attempt().state == DONE


def test_commit_that_the_queue_checks_has_the_status_too(github: FakeGitHub) -> None:
    """Otherwise a queue would wait for it for ever where it is required."""
    decided = Decided(github)
    decided.pull.repo.queue, decided.pull.repo.required = True, ("hitl-console",)
    assert decided.carry_out().state == WAITING
    assert decided.pull.entry is not None
    queued = decided.pull.entry.commit
    assert github.status_of(decided.pull.repo, queued) == []
    decided.attempt()
    [status] = github.status_of(decided.pull.repo, queued)
    assert (status.name, status.state) == ("hitl-console", "success")


def test_queue_is_followed_though_its_commit_takes_no_status(github: FakeGitHub) -> None:
    decided = Decided(github)
    decided.pull.repo.queue = True
    decided.carry_out()
    github.fault(reply=answers(403), path="statuses", times=1)
    effect = decided.attempt()
    assert (effect.state, effect.in_merge_queue) == (WAITING, True)


def test_what_the_queue_takes_out_stays_out(github: FakeGitHub) -> None:
    decided = Decided(github)
    decided.pull.repo.queue = True
    decided.carry_out()
    decided.pull.entry = None
    effect = decided.attempt()
    assert (effect.state, effect.in_merge_queue) == (REFUSED, False)
    assert decided.writes("enqueue") == 1


# -- Jobs -------------------------------------------------------------------------------------


def test_woken_effect_does_not_wait_for_its_scheduled_job(decided: Decided) -> None:
    """A job with a lock waits for earlier ones, even if they are scheduled for later."""
    decided.pull.repo.required = ("build",)
    decided.carry_out()
    Job.objects.filter(scheduled_at=None).delete()
    Effect.objects.update(next_at=timezone.now() + timedelta(hours=1))
    decided.fake.add_check(decided.pull.repo, decided.pull.head_sha, "build", "success")
    decided.read()
    with connection.cursor() as cursor:
        in_an_hour = "UPDATE procrastinate_jobs SET scheduled_at = now() + interval '1 hour'"
        cursor.execute(f"{in_an_hour} WHERE scheduled_at IS NOT NULL")
        cursor.execute("INSERT INTO procrastinate_workers DEFAULT VALUES RETURNING id")
        fetch = "SELECT task_name FROM procrastinate_fetch_job_v2(NULL, %s)"
        cursor.execute(fetch, cursor.fetchone())
        assert cursor.fetchone() == ("reviews.carry_out",)


def test_status_that_was_lost_is_set_again_while_it_waits(decided: Decided) -> None:
    decided.pull.repo.required = ("hitl-console", "build")
    assert decided.carry_out().state == WAITING
    decided.pull.repo.statuses.clear()
    assert decided.attempt().state == WAITING
    assert decided.status() == "success"
