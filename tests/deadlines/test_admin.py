"""Rules for deadlines in the admin: kept by who manages policies, with errors at their fields."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.db import connection
from django.test import Client

from audit.models import Entry
from reviews.models import DeadlineRule, Recount
from tests.support.deadlines import OFFICE, added
from tests.support.effect_rows import member
from tests.support.in_process import signed_in

pytestmark = pytest.mark.django_db
RULES = "/admin/reviews/deadlinerule/"


def staff(group: str, name: str) -> User:
    user = member(group, name)
    user.is_staff = True
    user.save()
    return user


@pytest.fixture
def lead() -> Client:
    return signed_in(staff("leads", "Lena Lead"))


def form(**changed: Any) -> dict[str, Any]:
    leads = Group.objects.get(name="leads").pk
    given = {"name": "In a day", "order": 100, "is_active": "on", "filter": "", "hours": 24}
    given |= {"warn_hours": 4, "counting": "clock", "timetable": "", "time_zone": "UTC"}
    return {**given, "holidays": "", "group": leads, "user": "", "assigns": "on", **changed}


def test_lead_makes_and_changes_a_rule_and_reads_how_many_are_counted_anew(lead: Client) -> None:
    added()
    page = lead.post(f"{RULES}add/", form(), follow=True).content.decode()
    assert "1 open APV is counted anew." in page
    made = DeadlineRule.objects.get()
    assert (made.hours, made.warn_hours, made.is_active) == (24, 4, True)
    changed = form(hours=48, counting="working", timetable=f"{OFFICE}\r\nsat 10:00-12:00")
    lead.post(f"{RULES}{made.pk}/change/", changed)
    made.refresh_from_db()
    assert (made.hours, made.timetable.splitlines()[-1]) == (48, "sat 10:00-12:00")
    assert Entry.objects.filter(action="deadline_rule_changed", actor="lena").count() == 2
    assert "0" in lead.get("/admin/reviews/recount/").content.decode()
    assert Recount.objects.count() == 2


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"filter": "severity=SEVERE"}, "severity: Choose from CRITICAL, HIGH, MEDIUM, LOW."),
        ({"filter": "claimed=free"}, "claimed: it changes without the APV"),
        ({"counting": "working"}, "No hour of the week is a working hour."),
        ({"hours": "many"}, "Enter a whole number."),
        ({"hours": "99999"}, "Give a number from 1 to 8784."),
        ({"group": ""}, "Name a group or a person, and not both."),
        ({"time_zone": "Nowhere/At_all"}, "There is no such time zone."),
        ({"name": "a\x00b"}, "Null characters are not allowed."),
        ({"holidays": "2026-02-30"}, "Line 1: Begin with a day like 2026-12-25."),
    ],
)
def test_faults_stand_at_their_fields(lead: Client, changed: dict[str, Any], reason: str) -> None:
    page = lead.post(f"{RULES}add/", form(**changed))
    assert page.status_code == 200
    field = next(iter(changed))
    shown = page.context["adminform"].form.errors
    expected = "timetable" if changed == {"counting": "working"} else field
    assert any(reason in said for said in shown[expected]), shown
    assert not DeadlineRule.objects.exists()


def test_two_rules_do_not_have_one_name(lead: Client) -> None:
    lead.post(f"{RULES}add/", form())
    shown = lead.post(f"{RULES}add/", form()).context["adminform"].form.errors
    assert shown["name"] == ["Another rule has this name."]


def test_only_who_manages_policies_sees_and_keeps_rules(lead: Client) -> None:
    lead.post(f"{RULES}add/", form())
    pk = DeadlineRule.objects.get().pk
    other = signed_in(staff("reviewers", "Rita Reviewer"))
    for page in ("", "add/", f"{pk}/change/"):
        assert other.get(RULES + page).status_code == 403
    assert other.post(f"{RULES}{pk}/change/", form(hours=1)).status_code == 403
    assert other.get("/admin/reviews/recount/").status_code == 403
    assert lead.get(f"{RULES}{pk}/delete/").status_code == 403
    assert DeadlineRule.objects.get().hours == 24


@pytest.mark.django_db(transaction=True)
def test_of_two_who_make_a_rule_of_one_name_at_once_one_reads_why_not() -> None:
    users = [staff("leads", name) for name in ("Lena Lead", "Lia Lead")]
    given = form()

    def make(user: User) -> int:
        try:
            return signed_in(user).post(f"{RULES}add/", given).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(make, users)) == [200, 302]
    assert DeadlineRule.objects.count() == 1
