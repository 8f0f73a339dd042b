"""Reading pull requests, and comparing repositories, over a fake of each forge."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from forges import sync
from forges.errors import Limited, NotAllowed, NotFound, Unavailable
from forges.models import Forge, PullRequest, Repository
from forges.signals import pull_request_read
from tests.support import forge_rows
from tests.support.forges import FakeForge, Pull, Repo, answers
from tests.support.forges.instant import InstantForge

pytestmark = [pytest.mark.django_db, pytest.mark.server]
PATH = "acme/shop"


@pytest.fixture
def repo(fake: FakeForge) -> Repo:
    return fake.repository(PATH, {"package.json": "{}\n"})


@pytest.fixture
def repository(fake: FakeForge, repo: Repo) -> Repository:
    return fake.watched(PATH)


def opened(fake: FakeForge, repo: Repo, branch: str = "bump", **fields: Any) -> Pull:
    given = {"title": f"Bump {branch}", "author": "dependabot[bot]", **fields}
    return fake.open_pull_request(repo, branch, {f"{branch}.txt": "new\n"}, **given)


@contextmanager
def heard() -> Iterator[list[int]]:
    """Collect the numbers of pull requests that the signal tells of."""
    numbers: list[int] = []

    def hear(pull_request: PullRequest, **_: Any) -> None:
        numbers.append(pull_request.number)

    pull_request_read.connect(hear)
    yield numbers
    pull_request_read.disconnect(hear)


# -- One pull request -------------------------------------------------------------------------


def test_pull_request_is_stored_as_the_forge_has_it(
    fake: FakeForge, repo: Repo, repository: Repository
) -> None:
    pull = opened(fake, repo, labels=["security"])
    fake.add_check(repo, pull.head_sha, "ci", "success")
    with heard() as numbers:
        row = sync.read_pull_request(repository, pull.number)
    assert numbers == [pull.number]
    stored = PullRequest.objects.get()
    assert stored == row
    assert (stored.title, stored.labels, stored.state) == ("Bump bump", ["security"], "open")
    assert (stored.head_sha, stored.head_ref) == (pull.head_sha, "bump")
    assert "+new" in stored.diff
    assert [(one["name"], one["state"]) for one in stored.checks] == [("ci", "success")]


def test_nothing_new_is_no_news_and_costs_no_diff(
    fake: FakeForge, repo: Repo, repository: Repository
) -> None:
    pull = opened(fake, repo)
    sync.read_pull_request(repository, pull.number)
    asked = len(fake.asked)
    with heard() as numbers:
        sync.read_pull_request(repository, pull.number)
    assert numbers == []
    again = [one.path for one in fake.asked[asked:]]
    assert not [path for path in again if "diff" in path]
    assert len(again) < asked


def test_push_is_read_with_its_diff(fake: FakeForge, repo: Repo, repository: Repository) -> None:
    pull = opened(fake, repo)
    before = sync.read_pull_request(repository, pull.number)
    fake.push(pull, {"bump.txt": "newer\n"}, force=True)
    with heard() as numbers:
        after = sync.read_pull_request(repository, pull.number)
    assert numbers == [pull.number]
    assert before.head_sha != after.head_sha == pull.head_sha
    assert "+newer" in after.diff


def test_end_is_read_with_who_ended_it(fake: FakeForge, repo: Repo, repository: Repository) -> None:
    closed, merged = opened(fake, repo, "one"), opened(fake, repo, "two")
    fake.close(closed, by="alice")
    fake.merge(merged, by="alice")
    rows = [sync.read_pull_request(repository, one.number) for one in (closed, merged)]
    closer = "" if fake.kind == "gitea" else "alice"  # it does not say who closed one
    assert [(one.state, one.ended_by) for one in rows] == [("closed", closer), ("merged", "alice")]
    assert rows[1].merged_sha


def test_older_answer_does_not_replace_a_newer_one(
    fake: FakeForge, repo: Repo, repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two readers at once: the one that was answered first stores last."""
    pull = opened(fake, repo)
    sync.read_pull_request(repository, pull.number)
    fake.edit(pull, title="Bump it")
    read = sync._read

    def slow(*arguments: Any) -> sync.Read:
        old = read(*arguments)
        monkeypatch.setattr(sync, "_read", read)
        fake.push(pull, {"bump.txt": "newer\n"}, force=True)
        sync.read_pull_request(repository, pull.number)
        return old

    monkeypatch.setattr(sync, "_read", slow)
    row = sync.read_pull_request(repository, pull.number)
    assert row.head_sha == PullRequest.objects.get().head_sha == pull.head_sha
    assert "+newer" in PullRequest.objects.get().diff


def test_diff_is_never_another_commits(
    fake: FakeForge, repo: Repo, repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reader that needs no diff is overtaken by one that stores other commits."""
    pull = opened(fake, repo)
    sync.read_pull_request(repository, pull.number)
    read = sync._read

    def overtaken(*arguments: Any) -> sync.Read:
        ours = read(*arguments)
        monkeypatch.setattr(sync, "_read", read)
        PullRequest.objects.update(head_sha="f" * 40, diff="of another commit")
        return ours

    monkeypatch.setattr(sync, "_read", overtaken)
    row = sync.read_pull_request(repository, pull.number)
    assert row.head_sha == pull.head_sha
    assert "+new" in PullRequest.objects.get().diff


def test_push_while_it_is_read_has_its_own_diff(
    fake: FakeForge, repo: Repo, repository: Repository
) -> None:
    pull = opened(fake, repo)
    before = pull.head_sha
    newer = {"bump.txt": "newer\n"}
    # The message is read after the commits, and before the diff.
    fake.fault(before=lambda: fake.push(pull, newer, force=True), path="/commits$")
    row = sync.read_pull_request(repository, pull.number)
    assert pull.head_sha != before
    assert (row.head_sha, "+newer" in row.diff) == (pull.head_sha, True)


def test_receiver_that_fails_rolls_the_reading_back(
    fake: FakeForge, repo: Repo, repository: Repository
) -> None:
    def fail(**_: Any) -> None:
        raise RuntimeError("a mistake")

    pull = opened(fake, repo)
    pull_request_read.connect(fail)
    try:
        with pytest.raises(RuntimeError):
            sync.read_pull_request(repository, pull.number)
    finally:
        pull_request_read.disconnect(fail)
    assert not PullRequest.objects.exists()


def test_what_ends_all_requests_is_the_forges_problem_until_it_works(
    fake: FakeForge, repo: Repo, repository: Repository
) -> None:
    pull = opened(fake, repo)
    with fake.failing(reply=answers(503)), pytest.raises(Unavailable):
        sync.read_pull_request(repository, pull.number)
    assert Forge.objects.get().problem
    sync.read_pull_request(repository, pull.number)
    assert Forge.objects.get().problem == ""
    with pytest.raises(NotFound):
        sync.read_pull_request(repository, 999)
    assert Forge.objects.get().problem == ""


# -- A repository -----------------------------------------------------------------------------


def test_reconciling_makes_ours_equal_to_the_forges(
    fake: FakeForge, repo: Repo, repository: Repository
) -> None:
    pulls = [opened(fake, repo, f"b{number}") for number in range(5)]
    outcome = sync.reconcile(repository)
    assert (outcome.listed, sorted(outcome.read)) == (5, [one.number for one in pulls])
    fake.close(pulls[0], by="alice")
    fake.merge(pulls[1], by="alice")
    fake.push(pulls[2], {"b2.txt": "newer\n"}, force=True)
    fake.edit(pulls[3], title="Bump something else")
    added = opened(fake, repo, "added")
    with heard() as numbers:
        outcome = sync.reconcile(repository)
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
    pull = opened(fake, repo)
    fake.close(pull)
    sync.read_pull_request(repository, pull.number)
    fake.reopen(pull)
    sync.reconcile(repository)
    assert PullRequest.objects.get().state == "open"


def test_checks_that_no_list_shows_are_read(
    fake: FakeForge, repo: Repo, repository: Repository
) -> None:
    pull = opened(fake, repo)
    fake.add_check(repo, pull.head_sha, "ci", "pending")
    sync.reconcile(repository)
    fake.add_check(repo, pull.head_sha, "ci", "success")
    sync.reconcile(repository)
    assert [one["state"] for one in PullRequest.objects.get().checks] == ["success"]


def test_renamed_repository_is_followed(
    fake: FakeForge, repo: Repo, repository: Repository
) -> None:
    sync.reconcile(repository)
    assert repository.remote_id
    opened(fake, repo)
    fake.rename(repo, "acme/store")
    sync.reconcile(repository)
    repository.refresh_from_db()
    assert repository.path == "acme/store"
    assert PullRequest.objects.count() == 1


def test_one_that_cannot_be_read_does_not_stop_the_others(
    fake: FakeForge, repo: Repo, repository: Repository
) -> None:
    pulls = [opened(fake, repo, f"b{number}") for number in range(3)]
    with fake.failing(reply=answers(404), path=rf"/{pulls[1].number}\b"):
        outcome = sync.reconcile(repository)
    assert len(outcome.read) == 2
    assert f"#{pulls[1].number}: " in Repository.objects.get().problem
    sync.reconcile(repository)
    assert Repository.objects.get().problem == ""
    assert PullRequest.objects.count() == 3


@pytest.mark.parametrize(
    ("status", "error"), [(503, Unavailable), (401, NotAllowed), (429, Limited)]
)
def test_forge_that_refuses_everything_is_asked_no_further(
    fake: FakeForge, repo: Repo, repository: Repository, status: int, error: type[Exception]
) -> None:
    opened(fake, repo)
    refusal = answers(status, Retry_After="60") if error is Limited else answers(status)
    with fake.failing(reply=refusal), pytest.raises(error):
        sync.reconcile(repository)
    assert Repository.objects.get().problem
    assert Forge.objects.get().problem


# -- Many -------------------------------------------------------------------------------------

MANY = 1000


def test_a_thousand_open_ones_cost_a_tenth_of_the_requests_the_second_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    repository = forge_rows.repository()
    forge = InstantForge(MANY)
    monkeypatch.setattr(sync, "client_for", lambda _: forge)
    began = time.monotonic()
    outcome = sync.reconcile(repository)
    seconds = time.monotonic() - began
    first = forge.requests
    assert len(outcome.read) == PullRequest.objects.count() == MANY
    outcome = sync.reconcile(repository)
    second = forge.requests - first
    print(f"{first} and {second} requests, {seconds:.1f} s")
    assert outcome.listed == MANY
    assert second <= first / 10
