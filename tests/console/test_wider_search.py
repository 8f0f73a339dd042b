"""A search that finds nothing in its own list, and a link into the middle of a long one."""

import re
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client

from reviews import services
from reviews.console.places import PAGE
from reviews.models import APV
from tests.support.in_process import client_of
from tests.support.pages import JUSTIFICATION
from tests.support.site import apv

pytestmark = pytest.mark.django_db


def decided(**fields: Any) -> APV:
    one = APV.objects.create(**apv(**fields))
    user, _ = User.objects.get_or_create(username="somebody")
    user.groups.add(Group.objects.get(name="reviewers"))
    services.decide(apv_id=one.pk, reviewer=user, decision="approve", justification=JUSTIFICATION)
    return one


def page_of(client: Client, address: str) -> str:
    answer = client.get(address, follow=True)
    assert answer.status_code == 200
    return re.sub(r"\s+", " ", answer.content.decode())


def wider_search_on(client: Client, text: str, listing: str = "") -> str:
    """Return what the page says of other lists, as text with its addresses."""
    answer = client.get("/queue", {"search": text, "status": listing})
    found = re.search(r'wider-search"><p>(.*?)</p>', answer.content.decode(), re.DOTALL)
    return re.sub(r"\s+", " ", found[1]) if found else ""


@pytest.mark.parametrize("written", ["code", "lower code", "cve", "lower cve", "package"])
def test_what_a_colleague_decided_is_found_from_the_queue(reviewer: Client, written: str) -> None:
    APV.objects.create(**apv(package_name="urllib3", cve_id="CVE-2026-1000"))
    one = decided(package_name="leftpad", cve_id="CVE-2026-2000")
    names = {"code": one.apv_code, "cve": "CVE-2026-2000", "package": "leftpad"}
    text = names[written.split()[-1]]
    said = wider_search_on(reviewer, text.lower() if "lower" in written else text)
    assert "1 in Decided" in said
    assert "status=decided" in said
    assert (f'href="/apvs/{one.apv_code}"' in said) == ("code" in written)


def test_number_that_is_suggested_is_the_length_of_its_list(reviewer: Client) -> None:
    for _ in range(3):
        decided(package_name="leftpad")
    said = wider_search_on(reviewer, "leftpad")
    [address] = re.findall(r'href="([^"]+)"', said)
    assert "3 in Decided" in said
    assert "3 found" in page_of(reviewer, address.replace("&amp;", "&"))


def test_pending_is_found_from_the_list_of_decisions(reviewer: Client) -> None:
    APV.objects.create(**apv(package_name="leftpad"))
    assert "1 in Pending" in wider_search_on(reviewer, "leftpad", "decided")


def test_nothing_is_suggested_where_the_list_has_it_or_nobody_does(reviewer: Client) -> None:
    APV.objects.create(**apv(package_name="leftpad"))
    decided(package_name="leftpad")
    for text in ("leftpad", "unheard-of"):
        assert wider_search_on(reviewer, text) == ""


def test_decisions_are_not_hinted_at_to_those_who_may_not_read_them() -> None:
    one = decided(package_name="leftpad")
    pipeline = client_of("pipelines")
    assert wider_search_on(pipeline, "leftpad") == ""
    assert "in Decided" not in wider_search_on(pipeline, one.apv_code)


def test_code_that_is_searched_for_without_scripts_opens(reviewer: Client) -> None:
    one = decided()
    answer = reviewer.get("/", {"search": one.apv_code.lower()})
    assert (answer.status_code, answer.headers["Location"]) == (302, f"/apvs/{one.apv_code}")


# -- A link into a long list ------------------------------------------------------------------


def codes_on(client: Client, address: str) -> list[str]:
    return re.findall(r'class="at-code".*?>(APV-[\d-]+)</a>', page_of(client, address))


@pytest.mark.parametrize("sort", ["", "age", "score"])
@pytest.mark.parametrize("at", [0, PAGE - 1, PAGE, 2 * PAGE, 3 * PAGE - 1])
def test_link_to_an_apv_shows_the_list_around_it(reviewer: Client, at: int, sort: str) -> None:
    codes = [APV.objects.create(**apv()).apv_code for _ in range(3 * PAGE)]
    found = codes_on(reviewer, f"/apvs/{codes[at]}?sort={sort}")
    first = codes.index(found[0])
    assert found == codes[first : first + PAGE]  # without a gap, and full up to the list's end
    assert set(codes[max(0, at - 1) : at + 2]) <= set(found)


def test_link_to_a_decided_apv_shows_the_decisions_around_it(reviewer: Client) -> None:
    added = [decided() for _ in range(2 * PAGE)]
    assert {one.apv_code for one in added[2:5]} <= set(
        codes_on(reviewer, f"/apvs/{added[3].apv_code}")
    )


def test_list_that_does_not_hold_the_apv_begins_at_its_top(reviewer: Client) -> None:
    one = APV.objects.create(**apv(severity="LOW"))
    first, *_ = [APV.objects.create(**apv(severity="HIGH")) for _ in range(PAGE + 5)]
    found = codes_on(reviewer, f"/apvs/{one.apv_code}?severity=HIGH")
    assert found[0] == first.apv_code


@pytest.mark.parametrize("code", ["x", "APV-2026-", "APV-9999-999", "\0", "é" * 500])
def test_place_that_is_no_apv_is_passed_over(reviewer: Client, code: str) -> None:
    APV.objects.create(**apv())
    assert reviewer.get("/queue", {"around": code}).status_code == 200


# -- Numbers ----------------------------------------------------------------------------------


def test_counts_are_those_of_the_list_that_is_asked_for(reviewer: Client) -> None:
    for severity in ("HIGH", "HIGH", "LOW"):
        APV.objects.create(**apv(severity=severity))
    decided(severity="HIGH")
    counted = reviewer.get("/queue/counts", {"severity": "HIGH"}).json()
    numbers = {"found": 2, "pending": 3, "escalated": 0, "attention": 0, "notices": 0}
    assert counted == numbers
    assert reviewer.get("/queue/counts", {"status": "decided"}).json()["found"] == 1
    assert client_of("pipelines").get("/queue/counts?status=decided").status_code == 403


def test_title_says_how_long_the_list_is(reviewer: Client) -> None:
    APV.objects.create(**apv(severity="LOW"))
    for _ in range(2):
        APV.objects.create(**apv(severity="HIGH"))
    assert "<title>(3) Queue" in page_of(reviewer, "/")
    assert "<title>(2) Queue" in page_of(reviewer, "/?severity=HIGH")
    assert "<title>Decided" in page_of(reviewer, "/?status=decided")
