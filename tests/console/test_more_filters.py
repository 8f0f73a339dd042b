"""The filters that are shown when somebody asks for more."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.http import QueryDict
from django.test import Client
from django.utils import timezone

from reviews import services
from reviews.console.list_query import ListQuery
from reviews.console.listings import DECIDED, PENDING
from reviews.models import APV, Comment
from tests.support import forge_rows
from tests.support.pages import text_of
from tests.support.site import apv

pytestmark = pytest.mark.django_db


@pytest.fixture
def lena() -> User:
    return User.objects.create_superuser("lena")


@pytest.fixture
def lead(lena: User) -> Client:
    client = Client()
    client.force_login(lena)
    return client


def add(name: str, **fields: Any) -> APV:
    return APV.objects.create(**apv(package_name=name, **fields))


def packages(query: str, listing: Any = PENDING) -> list[str]:
    rows = ListQuery(listing, QueryDict(query)).filter.qs
    return sorted((row.apv if listing is DECIDED else row).package_name for row in rows)


@pytest.fixture
def four() -> None:
    row = forge_rows.pull_request(forge_rows.repository(), labels=["security", "deps"])
    row.save()
    week_ago = timezone.now() - timedelta(days=7, minutes=1)
    add("a", pr_branch="renovate/a", affected_files=["services/api/go.mod"], epss=0.7)
    add("b", fixed_version="3.0.0", pull_request=row, epss=0.01, known_exploited=True)
    add("c", created_at=week_ago, known_exploited=False)
    add("d", changes=[{**CHANGE, "direct": False}], fixed_version="1.0")


CHANGE = {"package": "d", "ecosystem": "PyPI", "from": "1", "to": "2", "file": "uv.lock"}
QUERIES = [
    ("branch=renovate/*", ["a"]),
    ("path=services/", ["a"]),
    ("path=*.mod,uv.*", ["a", "d"]),
    ("path=services", []),
    ("label=deps", ["b"]),
    ("label=deps,Deps", ["b"]),
    ("step=major", ["b"]),
    ("step=downgrade&dependency=transitive", ["d"]),
    ("step=minor&dependency=unknown", ["a", "c"]),
    ("age=1w-", ["c"]),
    ("age=-7d&step=major,downgrade", ["b", "d"]),
    ("epss=0.5-", ["a"]),
    ("epss=unknown", ["c", "d"]),
    ("epss=0-1&kev=yes", ["b"]),
    ("kev=unknown", ["a", "d"]),
    ("age=soon", ["a", "b", "c", "d"]),
    ("epss=0.5-&step=huge", ["a"]),
]


@pytest.mark.usefixtures("four")
@pytest.mark.parametrize(("query", "found"), QUERIES)
def test_queue_is_narrowed_by_more(query: str, found: list[str]) -> None:
    assert packages(query) == found


@pytest.mark.usefixtures("four")
@pytest.mark.parametrize(("query", "found"), QUERIES)
def test_decisions_are_narrowed_alike(lena: User, query: str, found: list[str]) -> None:
    for one in APV.objects.all():
        services.decide(
            apv_id=one.pk, decision="approve", justification="A bump so small.", reviewer=lena
        )
    assert packages(query, DECIDED) == found


@pytest.mark.usefixtures("four")
def test_fields_show_what_is_chosen_and_stay_open(lead: Client) -> None:
    page = text_of(lead.get("/?path=services/,*.lock&step=minor"))
    assert re.search(r'<input type="text" name="path" value="services/,\*\.lock"', page)
    assert re.search(r'name="step" value="minor"[^>]*checked', page)
    assert '<details class="more" open>' in page
    chips = page.partition('class="chips"')[2].partition("</ul>")[0]
    assert 'href="/?step=minor"' in chips
    assert "<bdi>Minor</bdi>" in chips
    assert '<details class="more">' in text_of(lead.get("/?severity=HIGH"))


def test_value_that_nobody_can_read_is_ignored_and_said_to_be(lead: Client) -> None:
    add("a")
    page = text_of(lead.get("/?age=soon&severity=HIGH"))
    said = page.partition('class="ignored"')[2].partition("</p>")[0]
    assert "Waiting for" in said
    assert "Write a range, like 24h-, -2d, 1d-1w." in said
    assert '<th role="rowheader"' in page


def test_version_with_a_comma_is_one_value() -> None:
    add("a", package_version=">=1,<2")
    add("b", package_version=">=1")
    assert packages("package_version=%3E%3D1,%3C2") == ["a"]


@pytest.mark.usefixtures("four")
def test_queue_is_narrowed_by_who_works_on_an_apv(lena: User) -> None:
    team, other = Group.objects.create(name="team"), User.objects.create_superuser("omar")
    lena.groups.add(team)
    a, b, c, _d = APV.objects.order_by("package_name")
    services.claim(apv_id=a.pk, by=lena)
    services.claim(apv_id=b.pk, by=other)
    services.assign(apv_id=b.pk, by=other, user="lena")
    services.assign(apv_id=c.pk, by=other, group="team")
    Comment.objects.create(apv=a, author=lena, author_name="Lena", text="Why?", revision=1)
    APV.objects.filter(pk=c.pk).update(approvals=1, approvals_needed=2)
    for query, found in {
        "claimed=me": ["a"],
        "claimed=free": ["c", "d"],
        "claimed=anybody": ["a", "b"],
        "claimed=me,free&assigned=nobody": ["a", "d"],
        "assigned=me": ["b"],
        "assigned=groups": ["c"],
        "assigned=me,groups": ["b", "c"],
        "assigned=nobody": ["a", "d"],
        "commented=yes": ["a"],
        "commented=no&claimed=free": ["c", "d"],
        "approvals=some": ["c"],
        "approvals=last": ["c"],
        "approvals=none&claimed=free": ["d"],
    }.items():
        rows = ListQuery(PENDING, QueryDict(query), lena).filter.qs
        assert sorted(row.package_name for row in rows) == found, query
    assert packages("claimed=me") == []


@pytest.mark.usefixtures("four")
def test_page_shows_to_each_person_their_own(lead: Client, lena: User) -> None:
    apv_of_lena = APV.objects.get(package_name="a")
    services.assign(apv_id=apv_of_lena.pk, by=lena, user="lena")
    page = text_of(lead.get("/?assigned=me"))
    assert apv_of_lena.apv_code in page
    assert len(re.findall(r'id="apv-[0-9a-f-]{36}"', page)) == 1
    assert re.search(r'name="assigned" value="me"[^>]*checked', page)
