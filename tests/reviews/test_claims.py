"""No page or file says that a pull request is merged or closed, which nobody has confirmed."""

import html
import re
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import reverse
from django.utils import translation

from reviews import services
from reviews.api.serializers.decisions import DecisionSerializer
from reviews.console.export import as_csv
from reviews.models import APV, Decision
from tests.support.site import apv

pytestmark = pytest.mark.django_db

CLAIMS = {
    "en": r"(?<!to be )(?<!would have )\b(merged|closed)\b|\b(merg|clos)es\b|pr_(merged|closed)",
    "pt-BR": r"(?<! ser )(?<!teria )\b(mescl|integr|fech)ad[oa]s?\b|pr_(merg|clos)ed",
}
"""Words that say it has happened, by language."""
SAYS = {"en": "to be merged", "pt-BR": "ser integrado"}


@pytest.fixture
def decisions(db: None) -> list[Decision]:
    root = get_user_model().objects.create_superuser("root", "root@example.com", "x")
    return [
        services.decide(
            apv_id=APV.objects.create(**apv()).pk,
            decision=kind,
            justification="Looked at closely.",
            reviewer=root,
        )
        for kind in ("approve", "reject")
    ]


@pytest.fixture(params=sorted(CLAIMS))
def reader(request: Any, decisions: list[Decision]) -> Client:
    client = Client(HTTP_ACCEPT_LANGUAGE=request.param)
    client.force_login(decisions[0].reviewer)
    return client


def read(answer: Any) -> str:
    """Return the words that a reader sees, and those for screen readers."""
    assert answer.status_code == 200
    page = re.sub(r"<(script|style)\b.*?</\1>", "", answer.content.decode(), flags=re.DOTALL)
    names = re.findall(r'(?:title|aria-label)="([^"]*)"', page)
    return " ".join(html.unescape(" ".join([re.sub(r"<[^>]+>", " ", page), *names])).split())


def claims(language: str, text: str) -> list[str]:
    pattern = CLAIMS[language]
    return [
        text[max(0, one.start() - 40) : one.end() + 20]
        for one in re.finditer(pattern, text, re.IGNORECASE)
    ]


def admin(model: Any, page: str, *arguments: Any) -> str:
    return reverse(f"admin:reviews_{model._meta.model_name}_{page}", args=arguments)


def test_pages_say_what_is_to_be_done_and_not_that_it_is(
    reader: Client, decisions: list[Decision]
) -> None:
    language = str(reader.defaults["HTTP_ACCEPT_LANGUAGE"])
    lists = ["/?status=decided", admin(Decision, "changelist")]
    each = [
        address
        for one in decisions
        for address in (
            f"/apvs/{one.apv.apv_code}",
            admin(Decision, "change", one.pk),
            admin(APV, "change", one.apv_id),
        )
    ]
    for address in [*lists, *each]:
        text = read(reader.get(address))
        assert claims(language, text) == [], address
    said = SAYS[language]
    for address in (lists[1], *each[:3]):
        assert said in read(reader.get(address)), address


@pytest.mark.parametrize("language", sorted(CLAIMS))
def test_file_for_a_sheet_says_what_is_to_be_done_and_not_that_it_is(
    decisions: list[Decision], language: str
) -> None:
    with translation.override(language):
        rows: Any = DecisionSerializer(decisions, many=True).data
        text = as_csv(rows, first=True)
    assert claims(language, text) == []
    assert SAYS[language] in text
