"""Comparing repositories, over a fake of each forge."""

import time

import pytest

from forges import reconciliation, sync
from forges.errors import Limited, NotAllowed, Unavailable
from forges.models import Forge, PullRequest, Repository
from forges.reconciliation import reconcile
from tests.support import forge_rows
from tests.support.forge_rows import heard
from tests.support.forges import FakeForge, Repo, answers
from tests.support.forges.instant import InstantForge

pytestmark = [pytest.mark.django_db, pytest.mark.server]


def test_reconciling_makes_ours_equal_to_the_forges(
    fake: FakeForge, repo: Repo, repository: Repository
) -> None:
    pulls = [fake.bump(repo, f"b{number}") for number in range(5)]
    outcome = reconcile(repository)
    assert (outcome.listed, sorted(outcome.read)) == (5, [one.number for one in pulls])
    fake.close(pulls[0], by="alice")
    fake.merge(pulls[1], by="alice")
    fake.push(pulls[2], {"b2.txt": "newer\n"}, force=True)
    fake.edit(pulls[3], title="Bump something else")
    added = fake.bump(repo, "added")
    with heard() as numbers:
        outcome = reconcile(repository)
    changed = [*pulls[:4], added]
    assert sorted(numbers) == [one.number for one in changed]
    assert outcome.listed == 4
    rows = {one.number: one for one in PullRequest.objects.all()}
    assert [rows[one.number].state for one in changed] == [
        *("closed", "merged", "open", "open", "open")
    ]
    assert rows[pulls[2].number].head_sha == pulls[2].head_sha
    repository.refresh_from_db()
    assert repository.synced_at
    assert repository.problem == ""


def test_reopened_one_is_read(fake: FakeForge, repo: Repo, repository: Repository) -> None:
    pull = fake.bump(repo)
    fake.close(pull)
    sync.read_pull_request(repository, pull.number)
    fake.reopen(pull)
    reconcile(repository)
    assert PullRequest.objects.get().state == "open"


def test_ended_one_that_changed_unheard_is_read(
    fake: FakeForge, repo: Repo, repository: Repository
) -> None:
    """No list of open ones shows it: it was opened again and merged between two comparisons."""
    pull, quiet = fake.bump(repo), fake.bump(repo, "quiet")
    fake.close(pull)
    fake.close(quiet)
    for one in (pull, quiet):
        sync.read_pull_request(repository, one.number)
    reconcile(repository)
    fake.reopen(pull)
    fake.merge(pull, by="alice")
    assert reconcile(repository).read == [pull.number]
    assert PullRequest.objects.get(number=pull.number).state == "merged"


def test_checks_that_no_list_shows_are_read(
    fake: FakeForge, repo: Repo, repository: Repository
) -> None:
    pull = fake.bump(repo)
    fake.add_check(repo, pull.head_sha, "ci", "pending")
    reconcile(repository)
    fake.add_check(repo, pull.head_sha, "ci", "success")
    reconcile(repository)
    assert [one["state"] for one in PullRequest.objects.get().checks] == ["success"]


def test_renamed_repository_is_followed(
    fake: FakeForge, repo: Repo, repository: Repository
) -> None:
    reconcile(repository)
    assert repository.remote_id
    fake.bump(repo)
    fake.rename(repo, "acme/store")
    reconcile(repository)
    repository.refresh_from_db()
    assert repository.path == "acme/store"
    assert PullRequest.objects.count() == 1


def test_one_that_cannot_be_read_does_not_stop_the_others(
    fake: FakeForge, repo: Repo, repository: Repository
) -> None:
    pulls = [fake.bump(repo, f"b{number}") for number in range(3)]
    with fake.failing(reply=answers(404), path=rf"/{pulls[1].number}\b"):
        outcome = reconcile(repository)
    assert len(outcome.read) == 2
    assert f"#{pulls[1].number}: " in Repository.objects.get().problem
    reconcile(repository)
    assert Repository.objects.get().problem == ""
    assert PullRequest.objects.count() == 3


@pytest.mark.parametrize(
    ("status", "error"), [(503, Unavailable), (401, NotAllowed), (429, Limited)]
)
def test_forge_that_refuses_everything_is_asked_no_further(
    fake: FakeForge, repo: Repo, repository: Repository, status: int, error: type[Exception]
) -> None:
    fake.bump(repo)
    refusal = answers(status, Retry_After="60") if error is Limited else answers(status)
    with fake.failing(reply=refusal), pytest.raises(error):
        reconcile(repository)
    assert Repository.objects.get().problem
    assert Forge.objects.get().problem


# -- Many -------------------------------------------------------------------------------------

MANY = 1000


def test_a_thousand_open_ones_cost_a_tenth_of_the_requests_the_second_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    repository = forge_rows.repository()
    forge = InstantForge(MANY)
    monkeypatch.setattr(reconciliation, "client_for", lambda _: forge)
    began = time.monotonic()
    outcome = reconcile(repository)
    seconds = time.monotonic() - began
    first = forge.requests
    assert len(outcome.read) == PullRequest.objects.count() == MANY
    outcome = reconcile(repository)
    second = forge.requests - first
    print(f"{first} and {second} requests, {seconds:.1f} s")
    assert outcome.listed == MANY
    assert second <= first / 10
