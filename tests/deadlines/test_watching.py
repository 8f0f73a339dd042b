"""Warned before, escalated after, each once, whatever happens to workers; never decided."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.db import OperationalError, connection, transaction
from django.utils import timezone

from audit.models import Entry
from realtime.models import Event
from reviews import services
from reviews.deadlines import watching
from reviews.models import APV, Assignment, Deadline, Decision, Notice
from tests.support.deadlines import added, change, let_pass, rule
from tests.support.effect_rows import member
from tests.support.in_process_jobs import Jobs

pytestmark = pytest.mark.django_db


@pytest.fixture
def lead() -> User:
    return member("leads", "Lena Lead")


@pytest.fixture
def rita() -> User:
    return member("reviewers", "Rita Reviewer")


def told(kind: str = "") -> list[tuple[str, str]]:
    """Return who was told what, in order."""
    rows = Notice.objects.order_by("pk").values_list("user__username", "kind")
    return [(name, what) for name, what in rows if what == kind or not kind]


def messages(what: str) -> int:
    return Event.objects.filter(type="deadline_changed", message__contains=f'"{what}"').count()


def test_nothing_is_told_before_it_is_time(lead: User) -> None:
    rule(hours=10, warn_hours=2)
    one = added()
    let_pass(one, 7.9)
    assert watching.watch() == 0
    assert told() == []


def test_group_of_the_rule_is_warned_once_if_nobody_works_on_it(lead: User, rita: User) -> None:
    rule(hours=10, warn_hours=2)
    one = added()
    let_pass(one, 8.5)
    assert (watching.watch(), watching.watch()) == (1, 0)
    assert told() == [("lena", "due_soon")]
    assert messages("near") == 1
    assert not Assignment.objects.exists()


def test_who_has_claimed_it_is_warned_and_nobody_else(lead: User, rita: User) -> None:
    rule(hours=10, warn_hours=2)
    one = added()
    services.claim(apv_id=one.pk, by=rita)
    let_pass(one, 9)
    watching.watch()
    assert told() == [("rita", "due_soon")]


def test_whom_it_is_assigned_to_is_warned(lead: User, rita: User) -> None:
    rule(hours=10, warn_hours=2)
    one = added()
    services.assign(apv_id=one.pk, by=lead, user="rita")
    let_pass(one, 9)
    watching.watch()
    assert told("due_soon") == [("rita", "due_soon")]


def test_passed_deadline_is_escalated_by_assignment_and_nothing_is_decided(
    lead: User, rita: User
) -> None:
    made = rule("urgent", hours=10, warn_hours=2)
    one = added()
    services.claim(apv_id=one.pk, by=rita)
    let_pass(one, 11)
    before = APV.objects.values("status", "version").get()
    assert (watching.watch(), watching.watch()) == (1, 0)
    assert Assignment.objects.get().group == Group.objects.get(name="leads")
    assert sorted(told()) == [("lena", "overdue"), ("rita", "overdue")]
    assert Notice.objects.first().by_name == made.name  # type: ignore[union-attr]
    assert APV.objects.values("status", "version").get() == before
    assert not Decision.objects.exists()
    [entry] = Entry.objects.filter(action="deadline_passed")
    assert (entry.object, '"rule": "urgent"' in entry.details) == (one.apv_code, True)


def test_rule_may_name_a_person(lead: User) -> None:
    rule(hours=1, group=None, user=lead)
    one = added()
    let_pass(one, 2)
    watching.watch()
    assert Assignment.objects.get().user == lead
    assert told() == [("lena", "overdue")]


def test_rule_may_only_tell(lead: User) -> None:
    rule(hours=1, assigns=False)
    let_pass(added(), 2)
    watching.watch()
    assert not Assignment.objects.exists()
    assert told() == [("lena", "overdue")]


def test_person_who_may_not_decide_any_more_is_told_and_not_assigned(lead: User) -> None:
    rule(hours=1, group=None, user=lead)
    lead.groups.clear()
    let_pass(added(), 2)
    watching.watch()
    assert not Assignment.objects.exists()
    assert told() == [("lena", "overdue")]


def test_deadline_that_moves_into_the_future_is_told_again(lead: User) -> None:
    made = rule(hours=1)
    one = added()
    let_pass(one, 2)
    watching.watch()
    change(made, hours=4)
    assert watching.watch() == 0
    let_pass(one, 3)
    watching.watch()
    assert told() == [("lena", "overdue")] * 2


def test_recount_that_changes_nothing_for_an_apv_does_not_tell_again(lead: User) -> None:
    made = rule(hours=1)
    let_pass(added(), 2)
    watching.watch()
    change(made, order=7)
    assert watching.watch() == 0


def test_apv_that_an_earlier_release_closed_is_not_escalated(lead: User) -> None:
    rule(hours=1)
    one = added()
    let_pass(one, 2)
    APV.objects.filter(pk=one.pk).update(status="approved")
    assert watching.watch() == 0
    assert told() == []
    assert not Deadline.objects.exists()


def test_fault_of_one_deadline_keeps_no_other_from_being_told(
    lead: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    rule(hours=1)
    bad, good = added(), added()
    for one in (bad, good):
        let_pass(one, 2 if one is bad else 1.5)
    usual: Callable[..., None] = watching._escalate

    def escalate(apv: APV, *rest: Any) -> None:
        if apv.pk == bad.pk:
            raise ValueError("a fault")
        usual(apv, *rest)

    monkeypatch.setattr(watching, "_escalate", escalate)
    assert watching.watch() == 1
    assert Assignment.objects.get().apv_id == good.pk


def test_next_deadline_is_looked_at_when_it_comes(lead: User) -> None:
    rule(hours=1)
    one = added()
    let_pass(one, 1 - 30 / 3600)
    watching.watch()
    watching.watch()
    due_at = Deadline.objects.get().due_at
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT scheduled_at FROM procrastinate_jobs WHERE task_name = %s",
            ["reviews.watch_deadlines"],
        )
        assert cursor.fetchall() == [(due_at,)]


def test_many_that_pass_together_are_told_by_several_jobs_in_a_row(
    lead: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "MOST_AT_ONCE", 2)
    rule(hours=1)
    for _ in range(5):
        let_pass(added(), 2)
    jobs = Jobs()
    watching.watch()
    while jobs.run_next(timezone.now()):
        pass
    assert told() == [("lena", "overdue")] * 5


@pytest.mark.parametrize("passed", [9, 11])
def test_killed_before_any_statement_it_happens_once(lead: User, rita: User, passed: int) -> None:
    rule(hours=10, warn_hours=2)
    for statement in range(1, 200):
        one = added()
        let_pass(one, passed)
        if not _killed_at(statement):
            break
        watching.watch()
        check_once(one, "due_soon" if passed == 9 else "overdue")
    assert 10 < statement < 199


def check_once(one: APV, kind: str) -> None:
    assert list(Notice.objects.filter(apv=one).values_list("kind", flat=True)) == [kind]
    assert Entry.objects.filter(object=one.apv_code, action="deadline_passed").count() == (
        kind == "overdue"
    )
    of_apv = Event.objects.filter(message__contains=str(one.pk))
    assert of_apv.filter(type="deadline_changed").count() == 1


def _killed_at(statement: int) -> bool:
    """Watch until the worker is killed before a statement; return whether it came so far."""
    left = statement

    def execute(run: Callable[..., Any], *arguments: Any) -> Any:
        nonlocal left
        left -= 1
        if left == 0:
            raise OperationalError("killed")
        return run(*arguments)

    try:
        with transaction.atomic(), connection.execute_wrapper(execute):
            watching.watch()
    except OperationalError:
        return True
    return left <= 0


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_tell_each_deadline_once() -> None:
    lead = member("leads", "Lena Lead")
    rule(hours=1)
    apvs = [added() for _ in range(12)]
    for one in apvs:
        let_pass(one, 2)
    Deadline.objects.update(due_at=timezone.now() - timedelta(minutes=5))

    def work(_number: int) -> int:
        try:
            return watching.watch()
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(work, range(4))) == len(apvs)
    assert Notice.objects.filter(user=lead, kind="overdue").count() == len(apvs)
    assert Entry.objects.filter(action="deadline_passed").count() == len(apvs)
