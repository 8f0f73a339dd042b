"""Reading a pull request, over a fake of each forge."""

from typing import Any

import pytest

from forges import sync
from forges.errors import NotFound, Unavailable
from forges.models import Forge, PullRequest, Repository
from forges.signals import pull_request_read
from tests.support.forge_rows import heard
from tests.support.forges import FakeForge, Repo, answers

pytestmark = [pytest.mark.django_db, pytest.mark.server]


def test_pull_request_is_stored_as_the_forge_has_it(
    fake: FakeForge, repo: Repo, repository: Repository
) -> None:
    pull = fake.bump(repo, labels=["security"])
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
    pull = fake.bump(repo)
    sync.read_pull_request(repository, pull.number)
    asked = len(fake.asked)
    with heard() as numbers:
        sync.read_pull_request(repository, pull.number)
    assert numbers == []
    again = [one.path for one in fake.asked[asked:]]
    assert not [path for path in again if "diff" in path]
    assert len(again) < asked


def test_push_is_read_with_its_diff(fake: FakeForge, repo: Repo, repository: Repository) -> None:
    pull = fake.bump(repo)
    before = sync.read_pull_request(repository, pull.number)
    fake.push(pull, {"bump.txt": "newer\n"}, force=True)
    with heard() as numbers:
        after = sync.read_pull_request(repository, pull.number)
    assert numbers == [pull.number]
    assert before.head_sha != after.head_sha == pull.head_sha
    assert "+newer" in after.diff


def test_end_is_read_with_who_ended_it(fake: FakeForge, repo: Repo, repository: Repository) -> None:
    closed, merged = fake.bump(repo, "one"), fake.bump(repo, "two")
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
    pull = fake.bump(repo)
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
    pull = fake.bump(repo)
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
    pull = fake.bump(repo)
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

    pull = fake.bump(repo)
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
    pull = fake.bump(repo)
    with fake.failing(reply=answers(503)), pytest.raises(Unavailable):
        sync.read_pull_request(repository, pull.number)
    assert Forge.objects.get().problem
    sync.read_pull_request(repository, pull.number)
    assert Forge.objects.get().problem == ""
    with pytest.raises(NotFound):
        sync.read_pull_request(repository, 999)
    assert Forge.objects.get().problem == ""
