"""Policies that are tried on the past: what they would have refused, delayed, and cost."""

from datetime import timedelta
from io import StringIO
from typing import Any
from unittest import mock

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import AccountOwner
from forges.models import PullRequest
from reviews import services
from reviews.models import APV, Decision, Policy
from reviews.policies.rounds import Round
from reviews.policies.trying import Outcome, Trial, last_days, not_reproduced, try_on_past
from tests.support.effect_rows import apv_of_forge
from tests.support.in_process import signed_in
from tests.support.pages import text_of
from tests.support.policies import approve, person, policy, stored

pytestmark = pytest.mark.django_db


@pytest.fixture
def people() -> list[User]:
    return [person(name, "reviewers", *groups) for name, groups in GROUPS.items()]


GROUPS = {"ana": (), "bo": (), "cem": ("security",)}


def tried(filter: str = "", policy_id: int | None = None, **requirements: Any) -> Trial:
    boss = User.objects.filter(username="boss").first() or User.objects.create_superuser("boss")
    draft = services.draft(
        by=boss, filter=filter, requirements=requirements, name="draft", policy_id=policy_id
    )
    return try_on_past(draft)


def past(hours: float, one: APV, by: User, kind: str = "approve") -> Decision:
    """Decide so many hours ago."""
    moment = timezone.now() - timedelta(hours=hours)
    with mock.patch("realtime.clock.now", return_value=moment):
        return approve(one, by, kind)


def test_second_approval_comes_when_somebody_else_is_at_work(people: list[User]) -> None:
    past(10, stored(), people[0])
    past(9, stored(), people[0], "reject")
    past(7, stored(), people[1], "reject")
    trial = tried(approvals=2)
    assert (trial.approvals, trial.matched, trial.refused, trial.waiting) == (1, 1, 0, 0)
    assert [round(one / 3600) for one in trial.delays] == [3]
    assert trial.work == {"bo": 1}


def test_group_is_waited_for_and_who_is_not_in_it_has_no_work(people: list[User]) -> None:
    past(10, stored(), people[0])
    past(9, stored(), people[1], "reject")
    assert tried(from_groups={"security": 1}).waiting == 1
    past(5, stored(), people[2], "reject")
    trial = tried(from_groups={"security": 1})
    assert [round(one / 3600) for one in trial.delays] == [5]
    assert trial.work == {"cem": 1}


def test_submitter_is_refused_and_gives_no_second_approval(people: list[User]) -> None:
    mine, other = stored(), stored()
    APV.objects.update(submitted_by=people[0])
    past(10, mine, people[0])
    past(9, other, people[1])
    trial = tried(not_by_submitter=True)
    assert trial.refused == 1
    assert (trial.named[0].code, trial.named[0].reviewer) == (mine.apv_code, "ana")
    assert "draft" in trial.named[0].why
    past(5, stored(), people[0], "reject")
    assert tried(not_by_submitter=True, approvals=2).waiting == 1


def test_ties_that_nobody_asked_for_then_are_found(people: list[User]) -> None:
    lena = person("lena", "leads")
    program, escalated, authored = person("program"), stored(), apv_of_forge()
    AccountOwner.objects.create(account=program, owner=people[0])
    owned = stored()
    APV.objects.filter(pk=owned.pk).update(submitted_by=program)
    PullRequest.objects.update(author="ANA")
    past(9, owned, people[0])
    past(8, authored, people[0])
    past(7, escalated, lena, "escalate")
    past(6, escalated, lena)
    for trial, code in (
        (tried(not_by_submitter=True), owned.apv_code),
        (tried(not_by_author=True), authored.apv_code),
        (tried(not_by_escalator=True), escalated.apv_code),
    ):
        assert [one.code for one in trial.named] == [code]


def test_filter_says_which_are_tried(people: list[User]) -> None:
    for severity in ("CRITICAL", "LOW"):
        approve(stored(severity=severity), people[0])
    trial = tried("severity=CRITICAL", approvals=2)
    assert (trial.approvals, trial.matched, trial.waiting) == (2, 1, 1)


def test_draft_replaces_the_version_of_its_own_policy(people: list[User]) -> None:
    version, one = policy(approvals=3), stored()
    for reviewer in people:
        approve(one, reviewer)
    assert tried("", version.policy_id, approvals=1).sooner == 1
    assert tried(approvals=1).sooner == 0


def test_decisions_from_before_policies_are_counted_apart(
    people: list[User], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Round, "snapshot", None)
    approve(stored(), people[0])
    trial = tried(approvals=2)
    assert (trial.approvals, trial.unknown, trial.matched) == (1, 1, 0)


def test_only_the_newest_are_replayed_where_there_are_too_many(people: list[User]) -> None:
    made = [past(10 - number, stored(), people[0]) for number in range(4)]
    span = last_days(most=3)
    assert (span.count, span.left_out) == (3, 1)
    assert [one.pk for one in span.decisions] == [one.pk for one in made[1:]]


def test_number_of_queries_does_not_grow_with_the_decisions(people: list[User]) -> None:
    asked = []
    for _ in range(2):
        for _ in range(5):
            approve(stored(), people[0])
        with CaptureQueriesContext(connection) as queries:
            tried(approvals=2)
        asked.append(len(queries))
    assert asked[1] <= asked[0]


def test_page_tries_a_draft_and_stores_nothing(people: list[User]) -> None:
    past(10, stored(), people[0])
    past(7, stored(), people[1], "reject")
    client = signed_in(person("lena", "leads"))
    answer = client.post(
        "/policies", {"approvals": "2", "filter": "severity=CRITICAL,HIGH,MEDIUM,LOW", "try": "1"}
    )
    said = text_of(answer)
    assert answer.status_code == 200
    assert "Tried on the last 90 days" in said
    assert "bo" in said
    assert "3h" in said or "3 h" in said
    assert not Policy.objects.exists()


def called(*args: str) -> str:
    out = StringIO()
    call_command("try_policy", *args, stdout=out, stderr=out)
    return out.getvalue()


def test_command_tries_a_draft_and_names_what_is_wrong(people: list[User]) -> None:
    approve(stored(), people[0])
    said = called("--requirements", '{"approvals": 2}')
    assert "approvals that match: 1 of 1" in said
    assert "still waiting: 1" in said
    for args, reason in (
        (("--requirements", "{"), "requirements: This is no JSON object"),
        (("--requirements", '{"approvals": 0}'), "requirements.approvals"),
        (("--requirements", '{"approvals": 1}', "--filter", "a=b"), "filter: a: There is no"),
        (("--days", "0"), "--days: give a number"),
        (("--requirements", '{"approvals": 1}', "--instead-of", "x"), "no policy"),
    ):
        with pytest.raises(CommandError, match=reason):
            called(*args)


def test_record_is_replayed_and_what_ends_otherwise_is_found(
    people: list[User], monkeypatch: pytest.MonkeyPatch
) -> None:
    policy()
    one = stored()
    approve(one, people[0])
    approve(one, people[1])
    assert "All of 2 decisions end as recorded." in called()
    monkeypatch.setattr(Round, "hashes", [])
    first = approve(stored(), people[0])
    assert list(not_reproduced(last_days())) == [(first, Outcome.COMPLETE)]
    with pytest.raises(CommandError, match="1 of 3 decisions end otherwise"):
        called()
