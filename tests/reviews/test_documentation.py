"""The documentation of the API: who may read it, and what it says of each operation."""

import pytest
import yaml
from django.contrib.auth.models import User
from django.test import Client

from tests.support.site import ROOT

pytestmark = pytest.mark.django_db


def test_documentation_leads_to_the_sign_in_page_and_back() -> None:
    client = Client()
    answer = client.get("/hitl/docs")
    assert answer.status_code == 302
    assert answer.headers["Location"] == "/sign-in?next=/hitl/docs"
    User.objects.create_superuser("lena", password="correct-horse-battery")
    form = {"username": "lena", "password": "correct-horse-battery", "next": "/hitl/docs"}
    answer = client.post("/sign-in", form)
    assert answer.headers["Location"] == "/hitl/docs"
    assert client.get("/hitl/docs").status_code == 200


@pytest.mark.parametrize("accept", ["", "text/html", "image/png", "application/json"])
def test_what_the_documentation_cannot_answer_is_a_problem(accept: str) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(User.objects.create_superuser("lena"))
    form = "application/x-www-form-urlencoded"
    answer = client.post("/hitl/docs", "a=b", content_type=form, headers={"Accept": accept})
    assert 400 <= answer.status_code < 500
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["status"] == answer.status_code


def test_description_itself_stays_a_401_for_programs() -> None:
    answer = Client().get("/hitl/schema")
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_console_links_to_the_documentation() -> None:
    client = Client()
    client.force_login(User.objects.create_superuser("lena"))
    for path in ("/", "/numbers"):
        assert 'href="/hitl/docs"' in client.get(path).content.decode()


def test_every_operation_has_a_summary_of_its_own() -> None:
    described = yaml.safe_load((ROOT / "docs" / "openapi.yaml").read_text())
    summaries = [
        operation.get("summary", "")
        for path in described["paths"].values()
        for operation in path.values()
    ]
    assert len(summaries) > 10
    assert len(set(summaries)) == len(summaries)
    for summary in summaries:
        assert len(summary.split()) > 1, summary
        assert len(summary) <= 80, summary
