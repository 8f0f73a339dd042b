"""What every client promises to those who write: it is there once, and can be found."""

import pytest

from forges.choices import CheckState, ForgeKind, PullRequestState
from forges.clients.base import STATUS_NAME, Client
from forges.errors import NotFound, Refused, Unavailable
from tests.support.forges import ACCOUNT, FakeForge, Pull

pytestmark = pytest.mark.server  # git runs

PATH = "acme/shop"
MARKER = "<!-- hitl-console 6f1c2d7e-8a56-4d0e-9d3f-0c1b2a394857 -->"


def test_closed_by_the_console(client: Client, fake: FakeForge, pull: Pull) -> None:
    client.close(PATH, pull.number)
    found = client.pull_request(PATH, pull.number)
    assert (found.state, found.ended_at) == (PullRequestState.CLOSED, pull.ended_at)
    assert found.ended_by == ("" if fake.kind == ForgeKind.GITEA else ACCOUNT)
    fake.reopen(pull)
    assert client.pull_request(PATH, pull.number).state == PullRequestState.OPEN


def test_comment_and_changes_requested_are_written(client: Client, pull: Pull) -> None:
    client.comment(PATH, pull.number, "Rejected: <b>é</b>")
    client.request_changes(PATH, pull.number, head_sha=pull.head_sha, text="Pin it.")
    assert pull.comments == ["Rejected: <b>é</b>"]
    assert [one["body"] for one in pull.reviews] + pull.threads == ["Pin it."]
    assert all(one["commit_id"] == pull.head_sha for one in pull.reviews)


def test_assigned_is_who_has_access(client: Client, fake: FakeForge, pull: Pull) -> None:
    fake.account("maria")
    client.assign(PATH, pull.number, "maria")
    assert [one.login for one in pull.assignees] == ["maria"]
    with pytest.raises((Refused, NotFound)):
        client.assign(PATH, pull.number, "stranger")
    assert [one.login for one in pull.assignees] == ["maria"]


def test_deleted_branch_is_gone(client: Client, pull: Pull) -> None:
    client.delete_branch(PATH, pull.branch)
    assert pull.repo.git.head(pull.branch) == ""
    with pytest.raises((NotFound, Refused)):
        client.delete_branch(PATH, pull.branch)
    with pytest.raises(NotFound):
        client.delete_branch(PATH, "../../main")


def test_status_may_be_set_twice(client: Client, pull: Pull) -> None:
    for state in (CheckState.PENDING, CheckState.PENDING, CheckState.FAILURE):
        client.set_status(
            PATH, pull.head_sha, state=state, description="x" * 500, url="https://c.example/1"
        )
    last = pull.repo.statuses[-1]
    assert (last.name, last.sha, last.url) == (STATUS_NAME, pull.head_sha, "https://c.example/1")
    assert last.state in {"failure", "failed"}
    assert len(last.description) == 140


# -- Whether something was written -----------------------------------------------------------------


def test_comment_is_found_by_its_marker(client: Client, pull: Pull) -> None:
    assert not client.has_comment(PATH, pull.number, MARKER)
    client.comment(PATH, pull.number, f"Rejected: it is yanked.\n\n{MARKER}")
    assert client.has_comment(PATH, pull.number, MARKER)
    assert not client.has_comment(PATH, pull.number, MARKER.replace("6f1c", "0000"))


def test_change_request_is_found_by_its_marker(client: Client, pull: Pull) -> None:
    assert not client.has_change_request(PATH, pull.number, MARKER)
    text = f"Changes are requested:\n- Pin it.\n\n{MARKER}"
    client.request_changes(PATH, pull.number, head_sha=pull.head_sha, text=text)
    assert client.has_change_request(PATH, pull.number, MARKER)
    assert not client.has_change_request(PATH, pull.number, MARKER.replace("6f1c", "0000"))


def test_marker_is_found_among_hundreds_of_texts(client: Client, pull: Pull) -> None:
    client.comment(PATH, pull.number, MARKER)
    client.request_changes(PATH, pull.number, head_sha=pull.head_sha, text=MARKER)
    pull.comments[1:1] = ["Thank you!"] * 250
    pull.comments[:0] = ["Ping?"] * 250
    pull.threads[:0] = ["Why?"] * 250
    pull.reviews[:0] = [{"body": "Looks good"}] * 250
    assert client.has_comment(PATH, pull.number, MARKER)
    assert client.has_change_request(PATH, pull.number, MARKER)


def test_text_whose_answer_was_lost_is_found(client: Client, fake: FakeForge, pull: Pull) -> None:
    fake.fault(on="comment", drop=True)
    with pytest.raises(Unavailable):
        client.comment(PATH, pull.number, MARKER)
    assert client.has_comment(PATH, pull.number, MARKER)
    fake.fault(on="review", drop=True)
    with pytest.raises(Unavailable):
        client.request_changes(PATH, pull.number, head_sha=pull.head_sha, text=MARKER)
    assert client.has_change_request(PATH, pull.number, MARKER)
    assert [one.kind for one in fake.ledger.of(pull.number)] == ["comment", "review"]
