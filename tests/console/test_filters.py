"""Filters of the lists: several values, links to related APVs, names before text."""

import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.http import QueryDict
from django.test import Client

from reviews import services
from reviews.console.filters import asked
from reviews.console.list_query import ListQuery
from reviews.console.listings import DECIDED, PENDING
from reviews.console.related import related
from reviews.models import APV
from tests.support.pages import text_of
from tests.support.site import apv

pytestmark = pytest.mark.django_db

JACKSON = {
    "package_name": "com.fasterxml.jackson.core:jackson-databind",
    "package_ecosystem": "Maven",
    "package_version": "2.9.10.7",
    "fixed_version": "2.9.10.8",
}


@pytest.fixture
def lena() -> User:
    return User.objects.create_superuser("lena")


@pytest.fixture
def lead(lena: User) -> Client:
    client = Client()
    client.force_login(lena)
    return client


def add(**fields: Any) -> APV:
    return APV.objects.create(**apv(**fields))


def packages(query: str, listing: Any = PENDING) -> list[str]:
    """Return the packages in the list of `query`."""
    rows = ListQuery(listing, QueryDict(query)).filter.qs
    return sorted((row.apv if listing is DECIDED else row).package_name for row in rows)


# -- Several values ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("severity=HIGH", ["b"]),
        ("severity=HIGH&severity=CRITICAL", ["a", "b"]),
        ("severity=HIGH,CRITICAL", ["a", "b"]),
        ("severity=HIGH,&severity=,LOW&severity=HIGH", ["b", "d"]),
        ("severity=HIGH&severity=nonsense", ["b"]),
        ("severity=nonsense", ["a", "b", "c", "d"]),
        ("wargame_verdict=failure&wargame_verdict=none", ["b", "c"]),
        ("package_ecosystem=Go&package_ecosystem=npm&severity=CRITICAL,LOW", ["a", "d"]),
        ("pull_request=yes", ["a", "c"]),
        ("pull_request=no", ["b", "d"]),
        ("pull_request=yes&pull_request=no", ["a", "b", "c", "d"]),
        ("package_name=a", ["a"]),
        ("package_name=A", []),
        ("cve_id=CVE-2024-0003", ["c"]),
        ("package_version=1&fixed_version=2", ["a"]),
    ],
)
def test_list_takes_several_values_of_each_filter(query: str, found: list[str]) -> None:
    add(package_name="a", severity="CRITICAL", package_ecosystem="Go", pr_number=1,
        package_version="1", fixed_version="2")  # fmt: skip
    add(package_name="b", severity="HIGH", wargame_verdict="failure", pr_number=None, pr_url="")
    add(package_name="c", severity="MEDIUM", wargame_verdict=None, cve_id="CVE-2024-0003")
    add(package_name="d", severity="LOW", package_ecosystem="npm", pr_number=None, pr_url="")
    assert packages(query) == found


def test_decisions_are_narrowed_by_several_values_too(lena: User) -> None:
    for name, kind in (("a", "approve"), ("b", "reject"), ("c", "escalate")):
        services.decide(
            apv_id=add(package_name=name).pk,
            decision=kind,
            justification="The bump is minimal.",
            reviewer=lena,
        )
    assert packages("decision=approve&decision=reject", DECIDED) == ["a", "b"]
    assert packages("decision=approve,escalate&package_name=c", DECIDED) == ["c"]
    assert packages("pull_request=no", DECIDED) == []


def test_address_of_a_list_has_one_spelling() -> None:
    query = QueryDict("severity=LOW,HIGH&sort=priority&severity=HIGH&search=a,b&skip=3")
    assert asked(query) == "?search=a%2Cb&severity=LOW&severity=HIGH"


def test_every_choice_is_a_checkbox_that_works_without_javascript(lead: Client) -> None:
    add(package_ecosystem="Go")
    page = text_of(lead.get("/?severity=HIGH,LOW&package_name=requests"))
    boxes = re.findall(r'<input type="checkbox" name="severity" value="(\w+)"[^>]*checked', page)
    assert boxes == ["HIGH", "LOW"]
    assert '<input type="hidden" name="package_name" value="requests"' in page
    assert re.search(r'type="checkbox" name="package_ecosystem" value="Go"', page)


def test_form_that_is_kept_shows_what_is_chosen_and_offered_now(lead: Client) -> None:
    def boxes(query: str = "") -> dict[str, bool]:
        page = lead.get(f"/{query}").text
        found = re.findall(r'name="package_ecosystem" value="([^"]*)"[^>]*?( checked)?>', page)
        return {name: bool(checked) for name, checked in found}

    add()
    assert boxes() == {"PyPI": False}
    assert boxes("?package_ecosystem=PyPI") == {"PyPI": True}
    add(**JACKSON)
    assert boxes() == {"Maven": False, "PyPI": False}
    assert "Filtrar" in lead.get("/", headers={"Accept-Language": "pt-br"}).text
    assert "Filtrar" not in lead.get("/").text


def test_everything_that_narrows_is_named_and_can_be_taken_away(lead: Client) -> None:
    add(**JACKSON)
    page = text_of(lead.get("/?severity=HIGH,LOW&fixed_version=2.9.10.8&sort=age"))
    chips = page.partition('class="chips"')[2].partition("</ul>")[0]
    assert "<bdi>High, Low</bdi>" in chips
    assert 'href="/?fixed_version=2.9.10.8&sort=age"' in chips
    assert "<bdi>2.9.10.8</bdi>" in chips
    assert 'href="/?severity=HIGH&severity=LOW&sort=age"' in chips


# -- What is alike ----------------------------------------------------------------------------


def test_numbers_of_what_is_alike_are_the_lengths_of_their_lists(lena: User) -> None:
    one = add(**JACKSON, cve_id="CVE-2020-1000")
    for number in range(3):
        add(**JACKSON, cve_id=f"CVE-2020-100{number}")
    add(**{**JACKSON, "fixed_version": "2.13.0"})
    add(**{**JACKSON, "package_ecosystem": "npm"})
    services.decide(
        apv_id=add(**JACKSON).pk, decision="approve", justification="A" * 10, reviewer=lena
    )
    said = related(one, sees_decisions=True).worth_saying
    assert [(str(each.label), each.count) for each in said] == [
        ("of this package", 5),
        ("of this bump", 4),
        ("with this CVE", 2),
    ]
    for each in said:
        query = each.address.partition("?")[2]
        assert len(ListQuery(PENDING, QueryDict(query)).filter.qs) == each.count


def test_page_links_package_and_cve_to_their_lists(lead: Client) -> None:
    for _ in range(2):
        one = add(**JACKSON)
    page = text_of(lead.get(f"/apvs/{one.apv_code}"))
    of_package = (
        "/?package_ecosystem=Maven&package_name=com.fasterxml.jackson.core%3Ajackson-databind"
    )
    assert f'<a href="{of_package}"><bdi>{one.package_name}</bdi></a>' in page
    assert '<a href="/?cve_id=CVE-2023-32681">CVE-2023-32681</a>' in page
    assert f'<a href="{of_package}"><span class="digits">2</span> of this package</a>' in page
    part = text_of(lead.get(f"/apvs/{one.apv_code}/related"))
    assert part in page


def test_decided_apv_leads_to_decisions_where_they_may_be_read(lena: User, lead: Client) -> None:
    one = add()
    services.decide(apv_id=one.pk, decision="approve", justification="A" * 10, reviewer=lena)
    one.refresh_from_db()
    assert related(one, sees_decisions=True).package.address.startswith("/?status=decided&")
    assert related(one, sees_decisions=False).package.address.startswith("/?package_ecosystem")
    assert related(one, sees_decisions=True).worth_saying == []


# -- Search -----------------------------------------------------------------------------------


def test_search_finds_what_is_named_so_and_not_what_only_mentions_it(lead: Client) -> None:
    add(package_name="golang.org/x/crypto")
    add(package_name="stdlib", cve_description="As in golang.org/x/crypto, a handshake panics.")
    assert packages("search=golang.org/x/crypto") == ["golang.org/x/crypto"]
    assert packages("search=GOLANG.org") == ["golang.org/x/crypto"]
    wider = "search=golang.org/x/crypto&within=text"
    assert packages(wider) == ["golang.org/x/crypto", "stdlib"]
    page = text_of(lead.get("/?search=golang.org/x/crypto"))
    assert 'href="/?search=golang.org%2Fx%2Fcrypto&within=text"' in page


def test_search_reads_titles_and_descriptions_where_nothing_is_named_so(lead: Client) -> None:
    add(package_name="stdlib", cve_description="A handshake panics.")
    assert packages("search=handshake") == ["stdlib"]
    page = text_of(lead.get("/?search=handshake"))
    assert "in titles and descriptions too" in page
    assert 'data-kept="?search=handshake&within=text"' in page


def test_other_filters_do_not_change_where_is_searched() -> None:
    add(package_name="flask", severity="LOW")
    add(package_name="django", severity="HIGH", cve_title="As in flask")
    assert packages("search=flask&severity=HIGH") == []


def test_decisions_are_searched_by_name_first_too(lena: User) -> None:
    for name, title in (("flask", ""), ("django", "As in flask")):
        one = add(package_name=name, cve_title=title)
        services.decide(apv_id=one.pk, decision="approve", justification="A" * 10, reviewer=lena)
    assert packages("search=flask", DECIDED) == ["flask"]
    assert packages("search=flask&within=text", DECIDED) == ["django", "flask"]
