"""Until when APVs are to be decided on: as they come, change and close, and as rules change."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from audit.models import Entry
from realtime.models import Event
from reviews import services
from reviews.choices import WithdrawalReason
from reviews.deadlines import recounting
from reviews.errors import InvalidInput, NotAllowed
from reviews.models import APV, Deadline, DeadlineRule, Recount
from reviews.services.revising import Withdrawal, reopen, withdraw
from tests.support.deadlines import OFFICE, added, boss, change, is_close, let_pass, rule
from tests.support.effect_rows import member
from tests.support.policies import approve, policy
from tests.support.site import apv

pytestmark = pytest.mark.django_db


def due(one: APV) -> Any:
    return APV.objects.values_list("due_at", flat=True).get(pk=one.pk)


def test_without_rules_there_is_no_deadline() -> None:
    one = added()
    services.add_evidence(apv_id=one.pk, values={"patch_diff": "another"}, version=1)
    assert due(one) is None
    assert not Deadline.objects.exists()


def test_new_apv_is_due_by_the_rule_that_matches_it() -> None:
    made = rule("urgent", filter="severity=CRITICAL", hours=4, warn_hours=1)
    grave, mild = added(severity="CRITICAL"), added(severity="LOW")
    assert is_close(due(grave), 4)
    assert grave.deadline.rule == made
    assert grave.deadline.warn_at == due(grave) - timedelta(hours=1)
    assert due(mild) is None


def test_strictest_rule_applies_and_of_equal_ones_the_first_in_order() -> None:
    rule("anything", hours=72)
    rule("second", filter="severity=HIGH", hours=8, order=2)
    rule("first", filter="severity=HIGH", hours=8, order=1)
    assert added(severity="HIGH").deadline.rule.name == "first"
    assert added(severity="LOW").deadline.rule.name == "anything"


def test_rule_that_begins_counts_open_apvs_from_then_so_that_none_is_overdue_at_once() -> None:
    one = added()
    APV.objects.filter(pk=one.pk).update(created_at=timezone.now() - timedelta(days=90))
    rule(hours=24)
    assert is_close(due(one), 24)


def test_change_of_a_rule_counts_all_open_apvs_anew() -> None:
    made, one = rule(hours=24), added()
    change(made, hours=48)
    assert is_close(due(one), 48)
    change(made, filter="severity=LOW")
    assert due(one) is None
    change(made, filter="", is_active=True)
    assert is_close(due(one), 48)
    change(made, is_active=False)
    assert due(one) is None
    assert not Deadline.objects.exists()


def test_new_revision_keeps_the_time_and_may_match_another_rule() -> None:
    rule("severe", filter="severity=HIGH", hours=8)
    rule("others", hours=24)
    one = added(severity="HIGH")
    let_pass(one, 3)
    one.refresh_from_db()
    services.add_evidence(apv_id=one.pk, values={"patch_diff": "x"}, version=one.version)
    assert is_close(due(one), 5)
    one.refresh_from_db()
    one.severity = "LOW"
    services.change_apv(apv=one, fields=["severity"])
    assert is_close(due(one), 21)


def test_counting_is_no_change_of_the_apv() -> None:
    one = added()
    before = APV.objects.values("version", "updated_at").get()
    rule()
    assert due(one) is not None
    assert APV.objects.values("version", "updated_at").get() == before


def test_decision_ends_the_deadline_and_taking_it_back_resumes_it() -> None:
    rule(hours=24)
    one, lead = added(), member("leads")
    made = approve(one, lead)
    assert due(one) is None
    assert not Deadline.objects.exists()
    services.retract(decision_id=made.pk, by=lead, reason="The wrong one.")
    assert is_close(due(one), 24)


def test_escalation_by_a_person_and_a_first_approval_keep_the_deadline() -> None:
    rule(hours=24)
    one, lead = added(), member("leads")
    before = due(one)
    approve(one, lead, "escalate")
    assert due(one) == before
    policy()
    approve(one, lead)
    assert due(one) == before


def test_push_after_changes_were_requested_begins_anew() -> None:
    rule(hours=24)
    one, lead = added(), member("leads")
    let_pass(one, 20)
    approve(one, lead, "modify")
    assert due(one) is None
    one.refresh_from_db()
    services.add_evidence(apv_id=one.pk, values={"patch_diff": "x"}, version=one.version)
    assert is_close(due(one), 24)


def test_reopened_apv_has_its_whole_time_again() -> None:
    rule(hours=24)
    one = added()
    let_pass(one, 20)
    one.refresh_from_db()
    withdraw(one, Withdrawal(WithdrawalReason.CLOSED))
    assert due(one) is None
    reopen(one)
    assert is_close(due(one), 24)


def test_recount_goes_on_where_it_was_and_tells_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recounting, "CHUNK", 2)
    monkeypatch.setattr(recounting, "SLICE_SECONDS", -1)  # each job counts one chunk
    apvs = [added() for _ in range(5)]
    services.save_rule(by=boss(), name="a", hours=5, is_active=True, group=leads())
    for done in (2, 4, 5, 5):
        recounting.go_on()
        assert Recount.objects.get().done == done
    recount = Recount.objects.get()
    assert (recount.total, recount.changed, recount.ended_at is None) == (5, 5, False)
    assert all(due(one) for one in apvs)
    assert Event.objects.filter(type="deadlines_recounted").count() == 1
    recounting.go_on()
    assert Event.objects.filter(type="deadlines_recounted").count() == 1


def leads() -> Group:
    return Group.objects.get(name="leads")


def test_row_of_many_apvs_takes_as_many_queries_as_of_one() -> None:
    rule("a", filter="severity=HIGH")
    rule("b")

    def queries(count: int) -> int:
        with CaptureQueriesContext(connection) as seen:
            services.add_apvs(apvs=[new() for _ in range(count)])
        return len(seen)

    assert queries(40) == queries(2)


def new() -> APV:
    return APV(**apv())


# -- Rules are kept --------------------------------------------------------------------------------


BAD: list[tuple[dict[str, Any], str, str]] = [
    ({"name": " "}, "name", "Write 1 to 100 characters in one line."),
    ({"filter": "colour=red"}, "filter", "colour: There is no such filter."),
    ({"filter": "age=2h-"}, "filter", "age: it changes without the APV"),
    ({"filter": "due=overdue"}, "filter", "due: it changes without the APV"),
    ({"hours": 0}, "hours", "Give a number from 1 to 8784."),
    ({"hours": 9000}, "hours", "Give a number from 1 to 8784."),
    ({"warn_hours": 24}, "warn_hours", "Give fewer hours"),
    ({"counting": "working"}, "timetable", "No hour of the week is a working hour."),
    ({"timetable": "mon 9-17"}, "timetable", "Line 1: Write hours like 09:00-17:00"),
    ({"timetable": "fri-mon 09:00-17:00"}, "timetable", "Line 1: Name the earlier day"),
    ({"timetable": "mon 17:00-09:00"}, "timetable", "Line 1: Hours end after they begin"),
    ({"timetable": "mon 09:00-12:00, 11:00-13:00"}, "timetable", "Line 1: Hours are in order"),
    ({"timetable": f"{OFFICE}\nwed 10:00-11:00"}, "timetable", "Line 2: wed has a line already."),
    ({"timetable": "every day"}, "timetable", "Line 1: Begin with a day"),
    ({"time_zone": "Mars/Olympus"}, "time_zone", "There is no such time zone."),
    ({"holidays": "25.12.2026"}, "holidays", "Line 1: Begin with a day like 2026-12-25."),
    ({"group": None}, "group", "Name a group or a person, and not both."),
    (
        {"counting": "working", "timetable": "mon 09:00-10:00", "hours": 500},
        "hours",
        "So many working hours take more than 1000 days.",
    ),
]


@pytest.mark.parametrize(("fields", "field", "reason"), BAD)
def test_bad_rule_is_refused_with_field_and_reason(
    fields: dict[str, Any], field: str, reason: str
) -> None:
    given = {"name": "a", "hours": 24, "group": leads(), **fields}
    with pytest.raises(InvalidInput) as refused:
        services.save_rule(by=boss(), **given)
    [said] = refused.value.errors[field]
    assert reason in said
    assert not DeadlineRule.objects.exists()


def test_only_who_manages_policies_keeps_rules_and_each_change_is_on_record() -> None:
    with pytest.raises(NotAllowed):
        services.save_rule(by=member("reviewers"), name="a", hours=1, group=leads())
    lead = member("leads", "Lena Lead")
    made = services.save_rule(by=lead, name="a", hours=2, group=leads())
    services.save_rule(by=lead, rule_id=made.pk, hours=3)
    services.save_rule(by=lead, rule_id=made.pk, hours=3)  # nothing changed
    entries = Entry.objects.filter(action="deadline_rule_changed").order_by("sequence")
    assert [(one.actor, one.object) for one in entries] == [(lead.username, "rule a")] * 2
    assert '"fields": {"hours": 3}' in entries[1].details


def test_person_who_may_not_decide_is_not_escalated_to() -> None:
    with pytest.raises(InvalidInput) as refused:
        services.save_rule(by=boss(), name="a", hours=2, user=User.objects.create_user("nobody"))
    assert list(refused.value.errors) == ["user"]
