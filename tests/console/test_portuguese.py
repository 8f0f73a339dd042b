"""Numbers and words as Portuguese writes them."""

import html
import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import translation

from reviews import services
from reviews.console import cvss
from reviews.console.forms import DecisionForm
from reviews.console.numbers import read_numbers
from reviews.errors import InvalidInput
from reviews.models import APV
from tests.support.site import apv

pytestmark = pytest.mark.django_db

MANY = 1234
ENGLISH = re.compile(r"(?<![\w.,-])\d{1,3}(,\d{3})+(?![\w,])")
"""A number with its thousands apart as in English."""


@pytest.fixture
def crowd() -> None:
    APV.objects.bulk_create(APV(**apv()) for _ in range(MANY))


def reader(language: str) -> Client:
    client = Client(headers={"accept-language": language})
    client.force_login(User.objects.create_superuser("lena"))
    return client


def seen(answer: Any) -> str:
    """Return the visible text of a page, and the names of its elements."""
    page = re.sub(r"<(script|style|template)\b.*?</\1>", "", answer.content.decode(), flags=re.S)
    names = re.findall(r'(?:title|aria-label)="([^"]*)"', page)
    return html.unescape(" ".join([re.sub(r"<[^>]+>", " ", page), *names]))


def rich_apv() -> APV:
    return APV.objects.create(
        **apv(
            patch_diff="+x\n" * MANY,
            validation_warnings=["No test covers it."] * MANY,
            cvss_score=9.8,
            wargame_evidence={"attempts_before": 98_765, "attempts_after": 0, "requests": 54_321},
        )
    )


@pytest.mark.usefixtures("crowd")
def test_no_page_writes_a_number_in_the_english_form() -> None:
    client, one = reader("pt-BR"), rich_apv()
    pages = ("/", "/numbers", f"/apvs/{one.apv_code}", "/?severity=HIGH", "/?status=decided")
    for path in pages:
        assert ENGLISH.findall(seen(client.get(path))) == [], path
    assert "1.235" in seen(client.get("/"))
    assert re.search(r"Mais de 1\.000|More than 1\.000", seen(client.get("/?severity=HIGH")))
    shown = seen(client.get(f"/apvs/{one.apv_code}"))
    for number in ("1.234", "98.765", "54.321", "9,8", "1.235"):
        assert number in shown


@pytest.mark.usefixtures("crowd")
def test_pages_write_numbers_in_the_english_form_in_english() -> None:
    client, one = reader("en"), rich_apv()
    assert "1,235" in seen(client.get("/"))
    assert "98,765" in seen(client.get(f"/apvs/{one.apv_code}"))


def test_help_and_refusals_follow_the_language() -> None:
    with translation.override("pt-br"):
        assert "10 a 5.000" in str(DecisionForm().fields["justification"].help_text)
        with pytest.raises(InvalidInput) as refused:
            services.decide(
                apv_id=APV.objects.create(**apv()).pk,
                decision="approve",
                justification="short",
                reviewer=User.objects.create_superuser("lena"),
            )
        [reason] = refused.value.errors["justification"]
        assert "5.000" in reason
    assert "10 to 5,000" in str(DecisionForm().fields["justification"].help_text)


def test_each_metric_of_cvss_has_words_of_its_own_gender() -> None:
    contexts = {
        code: value._args[0]
        for code, (_name, values, _worst) in cvss.WORDS.items()
        for value in values.values()
    }
    assert contexts["AC"] != contexts["PR"] != contexts["C"] != contexts["AV"]


def test_every_number_says_what_it_counts() -> None:
    for number in read_numbers().sums:
        assert len(number.about.split()) > 4, number.label


def test_number_sign_of_a_pull_request_passes_for_nothing() -> None:
    one = APV.objects.create(**apv(pr_number=102, pr_url="https://git.example.com/a/b/pull/102"))
    page = reader("pt-BR").get(f"/apvs/{one.apv_code}").content.decode()
    assert re.search(r'<a class="linked"[^>]*>Pull request nº 102</a>', page)
