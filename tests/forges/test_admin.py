"""The admin of forges, repositories, webhooks and jobs."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client

from audit.models import Entry
from forges.choices import DeliveryState
from forges.models import Delivery, Forge, PullRequest, Repository
from tests.support.forge_rows import pull_request, repository
from tests.support.forges import ACCOUNT, TOKEN, FakeForge, FakeGitHub

pytestmark = [pytest.mark.django_db, pytest.mark.server]

SECRET = "a long secret of webhooks"
FORGES, JOBS = "/admin/forges/forge/", "/admin/procrastinate/procrastinatejob/"

SignedIn = Callable[..., Client]


@pytest.fixture
def signed_in() -> SignedIn:
    def sign_in(*permissions: str, superuser: bool = False) -> Client:
        user = User.objects.create(username="ada", is_staff=True, is_superuser=superuser)
        user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
        browser = Client()
        browser.force_login(user, "accounts.backends.OneQueryBackend")
        return browser

    return sign_in


def filled(fake: FakeForge, **fields: str) -> dict[str, str]:
    address = {"url": fake.url, "api_url": fake.url + fake.api, "ca_certificates": ""}
    return {"name": "ours", "kind": str(fake.kind), **address, **fields}


def new(fake: FakeForge, **fields: str) -> dict[str, str]:
    return filled(fake, **{"token": TOKEN, "webhook_secret": SECRET, **fields})


def test_forge_is_connected_and_nothing_secret_shown_again(
    fake: FakeForge, signed_in: SignedIn
) -> None:
    browser = signed_in(superuser=True)
    answer = browser.post(f"{FORGES}add/", new(fake), follow=True)
    assert f"Connected as {ACCOUNT}." in answer.text
    forge = Forge.objects.get()
    assert (forge.decrypted_credentials().token, forge.secrets()) == (TOKEN, [SECRET])
    page = browser.get(f"{FORGES}{forge.pk}/change/").text
    assert "/hitl/forges/ours/webhook" in page
    for text in (page, str(list(Entry.objects.values()))):
        assert TOKEN not in text
        assert SECRET not in text


def test_what_is_left_empty_stays(fake: FakeForge, signed_in: SignedIn) -> None:
    browser = signed_in(superuser=True)
    browser.post(f"{FORGES}add/", new(fake))
    forge = Forge.objects.get()
    other = {"token": "", "webhook_secret": "another long secret"}
    browser.post(f"{FORGES}{forge.pk}/change/", filled(fake, **other))
    forge.refresh_from_db()
    assert forge.decrypted_credentials().token == TOKEN
    assert forge.secrets() == ["another long secret", SECRET]
    kept = filled(fake, token="", webhook_secret="", forget_old_secrets="on")
    browser.post(f"{FORGES}{forge.pk}/change/", kept)
    forge.refresh_from_db()
    assert forge.secrets() == ["another long secret"]


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"token": "hunter2"}, "401"),
        ({"token": ""}, "Enter a token, or an app&#x27;s key."),
        ({"app_id": "1"}, "not both"),
        ({"token": "", "app_id": "1"}, "An app needs its id, its installation and its key."),
        ({"webhook_secret": ""}, "Enter one: webhooks are accepted with it alone."),
        ({"webhook_secret": "short"}, "at least 16 characters"),
        ({"name": "No Name"}, "Use a to z, 0 to 9 and hyphens."),
        ({"url": "nowhere"}, "Enter a valid URL."),
    ],
)
def test_what_cannot_be_is_said_and_not_stored(
    github: FakeGitHub, signed_in: SignedIn, fields: dict[str, str], why: str
) -> None:
    answer = signed_in(superuser=True).post(f"{FORGES}add/", new(github, **fields))
    assert answer.status_code == 200
    assert why in answer.text
    assert "hunter2" not in answer.text
    assert not Forge.objects.exists()


def test_credentials_are_not_sent_to_another_address(
    github: FakeGitHub, signed_in: SignedIn
) -> None:
    browser = signed_in(superuser=True)
    browser.post(f"{FORGES}add/", new(github))
    forge = Forge.objects.get()
    with FakeGitHub() as other:
        moved = filled(other, token="", webhook_secret="")
        answer = browser.post(f"{FORGES}{forge.pk}/change/", moved)
        assert "Enter the credentials again" in answer.text
        assert other.asked == []
    assert Forge.objects.get().url == github.url


def test_who_may_only_look_sees_no_field_for_secrets(
    github: FakeGitHub, signed_in: SignedIn
) -> None:
    forge = github.row()
    forge.save()
    browser = signed_in("view_forge")
    page = browser.get(f"{FORGES}{forge.pk}/change/")
    assert page.status_code == 200
    assert 'name="token"' not in page.text
    assert TOKEN not in page.text
    assert browser.post(f"{FORGES}{forge.pk}/change/", {}).status_code == 403


def test_repository_is_changed_with_an_entry_in_the_audit(signed_in: SignedIn) -> None:
    row = repository()
    browser = signed_in("view_repository", "change_repository")
    given = {"forge": row.forge_id, "path": row.path, "labels": "security", "branches": ""}
    given |= {"merge_method": "squash", "assignee": "maria", "names_reviewers": "on"}
    answer = browser.post(f"/admin/forges/repository/{row.pk}/change/", given, follow=True)
    assert answer.status_code == 200
    row.refresh_from_db()
    assert (row.watched, row.labels) == (False, ["security"])
    assert (row.merge_method, row.assignee) == ("squash", "maria")
    assert (row.deletes_branch, row.names_reviewers) == (False, True)
    entry = Entry.objects.get(action="repository_changed")
    assert '"merge_method": "squash"' in entry.details


def test_what_no_forge_would_do_is_refused_with_the_reason(signed_in: SignedIn) -> None:
    row = repository()
    Forge.objects.update(kind="gitlab")
    browser = signed_in("view_repository", "change_repository")
    page = f"/admin/forges/repository/{row.pk}/change/"
    given = {"forge": row.forge_id, "path": row.path, "merge_method": "rebase"}
    assert "GitLab rebases if the project is set so" in browser.post(page, given).text
    given |= {"merge_method": "merge", "assignee": "maria, paul"}
    assert "Write the name of one account" in browser.post(page, given).text
    incomplete = {"merge_method": "rebase", "assignee": "maria"}
    assert "This field is required" in browser.post(page, incomplete).text
    assert not Entry.objects.filter(action="repository_changed").exists()


def test_every_list_and_page_opens(signed_in: SignedIn) -> None:
    of = repository()
    pull_request(of, title="<b>bold</b>").save()
    delivery = received(of.forge)
    browser = signed_in(superuser=True)
    pages = {
        "forge": of.forge_id,
        "repository": of.pk,
        "pullrequest": PullRequest.objects.get().pk,
        "delivery": delivery.pk,
    }
    for model, key in pages.items():
        assert browser.get(f"/admin/forges/{model}/").status_code == 200
        page = browser.get(f"/admin/forges/{model}/{key}/change/")
        assert page.status_code == 200
        assert "<b>bold</b>" not in page.text


def received(forge: Forge) -> Delivery:
    return Delivery.objects.create(
        forge=forge,
        delivery_id="d-1",
        event="pull_request",
        body=b'{"title": "<b>bold</b>"}',
        state=DeliveryState.FAILED,
    )


def process_again(browser: Client, delivery: Delivery) -> None:
    chosen = {"action": "process_again", "_selected_action": [str(delivery.pk)]}
    browser.post("/admin/forges/delivery/", chosen)
    delivery.refresh_from_db()


def test_webhook_is_processed_again_by_those_who_may(signed_in: SignedIn) -> None:
    delivery = received(repository().forge)
    process_again(signed_in("view_delivery"), delivery)
    assert delivery.state == DeliveryState.FAILED
    User.objects.all().delete()
    process_again(signed_in("view_delivery", "change_forge"), delivery)
    assert delivery.state == DeliveryState.RECEIVED
    assert count_jobs("todo") == 1
    assert Entry.objects.filter(action="delivery_repeated").count() == 1


# -- Jobs -------------------------------------------------------------------------------------


def count_jobs(status: str) -> int:
    with connection.cursor() as cursor:
        sql = "SELECT count(*) FROM procrastinate_jobs WHERE status = %s"
        cursor.execute(sql, [status])
        return int(cursor.fetchone()[0])


@pytest.fixture
def failed_job() -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO procrastinate_jobs (queue_name, task_name, status)"
            " VALUES ('default', 'forges.reconcile_all', 'failed') RETURNING id"
        )
        return int(cursor.fetchone()[0])


def run_again(browser: Client, job: int) -> None:
    browser.post(JOBS, {"action": "run_again", "_selected_action": [str(job)]})


def test_failed_job_is_shown_and_run_again_by_those_who_may(
    signed_in: SignedIn, failed_job: int
) -> None:
    browser = signed_in("view_procrastinatejob")
    assert "forges.reconcile_all" in browser.get(JOBS).text
    assert browser.get(f"{JOBS}{failed_job}/change/").status_code == 200
    for action in ("run_again", "retry", "cancel", "abort"):
        browser.post(JOBS, {"action": action, "_selected_action": [str(failed_job)]})
    assert count_jobs("failed") == 1
    User.objects.all().delete()
    run_again(signed_in("view_procrastinatejob", "change_procrastinatejob"), failed_job)
    assert (count_jobs("failed"), count_jobs("todo")) == (0, 1)
    assert Entry.objects.filter(action="job_changed").count() == 1


@pytest.mark.parametrize("what", ["add/", "{}/delete/"])
def test_nobody_adds_or_deletes_jobs(signed_in: SignedIn, failed_job: int, what: str) -> None:
    browser: Any = signed_in(superuser=True)
    assert browser.get(JOBS + what.format(failed_job)).status_code == 403


def test_repository_that_was_read_stays(signed_in: SignedIn) -> None:
    row = repository()
    browser = signed_in(superuser=True)
    assert browser.get(f"/admin/forges/repository/{row.pk}/delete/").status_code == 403
    assert Repository.objects.filter(pk=row.pk).exists()
