"""The requests to forges are counted in the database, whichever process sends them."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import pytest
from django.db import connection

from forges import request_counts
from forges.clients import client_for
from forges.clients.http import Sent
from forges.errors import ForgeError
from forges.metrics import RequestCollector
from forges.models import Forge, Repository, RequestCount
from tests.support.forges import FakeForge, FakeGitHub, answers
from tests.support.forges.http import Reply
from tests.support.forges.watched import connected, name_of
from tests.support.job_workers import job_worker
from tests.support.metrics import Numbers, numbers
from tests.support.site import Server, Site
from tests.support.waiting import wait_for

pytestmark = pytest.mark.django_db

PATH = "acme/shop"


@pytest.fixture
def row(fake: FakeForge) -> Forge:
    fake.repository(PATH)
    forge: Forge = fake.watched(PATH).forge
    return forge


def counted(forge: Forge) -> dict[tuple[str, str], int]:
    rows = RequestCount.objects.filter(forge=forge)
    return {(method, status): count for method, status, count in rows.values_list(*FIELDS)}


FIELDS = ("method", "status", "count")


def ask(forge: Forge, *paths: str) -> None:
    """Ask a forge for repositories, whatever it answers, and close the connection."""
    with client_for(forge) as client:
        for path in paths:
            with suppress(ForgeError):
                client.repository(path)


def test_requests_are_counted_by_method_and_status_when_the_client_closes(
    fake: FakeForge, row: Forge
) -> None:
    pull = fake.open_pull_request(fake.repository("acme/web"), "bump", {"a": "1\n"})
    with client_for(row) as client:
        client.repository(PATH)
        client.comment("acme/web", pull.number, "text")
        assert counted(row) == {}
    assert counted(row) == {("GET", "200"): 1, ("POST", "201"): 1}
    ask(row, PATH, "acme/none")
    assert counted(row) == {("GET", "200"): 2, ("POST", "201"): 1, ("GET", "404"): 1}


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        ({"reply": answers(502)}, "502"),
        ({"reply": answers(429)}, "429"),
        ({"reply": Reply(200, data=b"no JSON")}, "200"),
        ({"reply": Reply(200, data=b"x", headers={"Content-Encoding": "br"})}, "200"),
        ({"reply": answers(799)}, "other"),
        ({"drop": True}, "error"),
        ({"cut": True}, "error"),
        ({"delay": 2.0}, "timeout"),
        ({"trickle": 0.1}, "timeout"),
    ],
    ids=str,
)
def test_request_that_fails_is_counted_by_what_came_of_it(
    fake: FakeForge, row: Forge, settings: Any, fault: dict[str, Any], status: str
) -> None:
    settings.HITL_FORGE_SECONDS = 1
    fake.fault(**fault)
    ask(row, PATH)
    assert counted(row) == {("GET", status): 1}


def test_request_that_is_held_back_is_not_counted(fake: FakeForge, row: Forge) -> None:
    fake.fault(reply=answers(429, Retry_After="60"))
    ask(row, PATH, PATH, PATH)
    assert counted(row) == {("GET", "429"): 1}


def test_requests_for_tokens_of_an_app_are_counted(github: FakeGitHub) -> None:
    github.repository(PATH)
    forge = github.app_row()
    forge.save()
    ask(forge, PATH)
    assert counted(forge) == {("POST", "201"): 1, ("GET", "200"): 1}


def test_client_of_a_forge_that_is_not_stored_counts_nothing(fake: FakeForge) -> None:
    fake.repository(PATH)
    ask(fake.row(), PATH)
    assert not RequestCount.objects.exists()


def test_requests_that_cannot_be_counted_do_no_harm(
    row: Forge, caplog: pytest.LogCaptureFixture
) -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE forges_requestcount RENAME TO elsewhere")
    ask(row, PATH)
    assert "forge_requests_not_counted" in caplog.text
    assert Forge.objects.filter(pk=row.pk).exists()


@pytest.mark.django_db(transaction=True)
def test_processes_that_count_at_once_count_everything(github: FakeGitHub) -> None:
    forge = github.watched(PATH).forge
    sent = Sent({("GET", "200"): 2, ("POST", "201"): 1})

    def add_many(_: int) -> None:
        for _ in range(20):
            request_counts.add(forge, sent)
        connection.close()

    with ThreadPoolExecutor(4) as pool:
        [*pool.map(add_many, range(4))]
    assert counted(forge) == {("GET", "200"): 160, ("POST", "201"): 80}


def test_metric_has_each_forge_even_if_none_was_asked(github: FakeGitHub) -> None:
    def samples() -> dict[tuple[str, ...], float]:
        [family] = RequestCollector().collect()
        return {tuple(one.labels.values()): one.value for one in family.samples}

    def nothing(name: str) -> dict[tuple[str, ...], float]:
        return {(name, "GET", "200"): 0, (name, "GET", "error"): 0}

    assert samples() == nothing("")
    forge = github.watched(PATH).forge
    assert samples() == nothing(forge.name)
    request_counts.add(forge, Sent({("PUT", "405"): 3}))
    assert samples() == {**nothing(forge.name), (forge.name, "PUT", "405"): 3}
    Repository.objects.all().delete()
    forge.delete()
    assert samples() == nothing("")


def test_servers_tell_what_workers_have_asked(site: Site, uvicorn_server: Server) -> None:
    with connected(FakeGitHub, site, uvicorn_server) as fake, job_worker(site):
        before = numbers(uvicorn_server)
        fake.open_pull_request(fake.repos[PATH], "bump", {"a": "1\n"})
        name = name_of(fake)

        def since() -> Numbers:
            return numbers(uvicorn_server).since(before)

        wait_for(lambda: since()[f"hitl_forge_requests_total{{{name},GET,200}}"] >= 3, "the counts")
