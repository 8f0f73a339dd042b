"""The merge queues of GitHub, which are used over GraphQL."""

import json
from typing import Any

import pytest

from forges.choices import MergeMethod
from forges.clients import limits
from forges.clients.base import STATUS_NAME, Client, MergeQueue, QueueEntry
from forges.clients.graphql import address
from forges.errors import (
    HeadMoved,
    Limited,
    NotAllowed,
    NotFound,
    NotMergeable,
    Refused,
    Unavailable,
)
from tests.support.forges import Connect, FakeGitHub, Pull, answers
from tests.support.forges.http import Reply

pytestmark = pytest.mark.server  # git runs

PATH = "acme/shop"


def queued(pull: Pull, *, own: bool = True) -> QueueEntry:
    """Return the entry of a pull request that is the next to be merged."""
    assert pull.entry is not None
    return QueueEntry("AWAITING_CHECKS", own, position=1, commit=pull.entry.commit)


@pytest.fixture
def pull(github: FakeGitHub) -> Pull:
    repo = github.repository(PATH)
    repo.queue = True
    return github.bump(repo)


@pytest.fixture(params=["token", "app"])
def client(request: pytest.FixtureRequest, github: FakeGitHub, connect: Connect) -> Client:
    return connect(github.row() if request.param == "token" else github.app_row())


def failing(kind: str, message: str = "Because", **fields: Any) -> Reply:
    """Return what GitHub answers in GraphQL when something fails: with status 200."""
    error = {"type": kind, "message": message, **fields}
    return Reply(200, {"data": None, "errors": [error]})


def test_queue_is_at_the_address_beside_that_of_rest() -> None:
    assert address("https://api.github.com") == "https://api.github.com/graphql"
    assert address("https://git.example.com/api/v3") == "https://git.example.com/api/graphql"


def test_direct_merge_is_not_possible_where_a_queue_is_required(client: Client, pull: Pull) -> None:
    with pytest.raises(NotMergeable, match="must be made through the merge queue"):
        client.merge(PATH, pull.number, head_sha=pull.head_sha, method=MergeMethod.MERGE)
    assert client.merge_queue(PATH, pull.number) == MergeQueue(required=True, entry=None)


def test_approved_head_goes_through_the_queue(
    client: Client, github: FakeGitHub, pull: Pull
) -> None:
    client.enqueue(PATH, pull.number, head_sha=pull.head_sha)
    assert client.merge_queue(PATH, pull.number) == MergeQueue(required=True, entry=queued(pull))
    [sha] = github.merge_queued(pull.repo)
    assert client.pull_request(PATH, pull.number).merged_sha == sha
    assert client.merge_queue(PATH, pull.number).entry is None
    assert github.ledger.merged() == {(PATH, pull.number): pull.head_sha}


def test_entry_has_its_place_in_the_queue(client: Client, github: FakeGitHub, pull: Pull) -> None:
    for one in (other := github.bump(pull.repo, "other"), pull):
        client.enqueue(PATH, one.number, head_sha=one.head_sha)
    entry = client.merge_queue(PATH, pull.number).entry
    assert entry is not None
    assert entry.position == 2
    github.fail_queued(other)
    assert client.merge_queue(PATH, pull.number).entry == queued(pull)
    assert client.merge_queue(PATH, other.number).entry is None


def test_another_head_is_not_queued(client: Client, github: FakeGitHub, pull: Pull) -> None:
    approved = pull.head_sha
    github.push(pull, {"evil": "1\n"}, force=True)
    with pytest.raises(HeadMoved, match=f"from {approved[:8]} to {pull.head_sha[:8]}"):
        client.enqueue(PATH, pull.number, head_sha=approved)
    assert github.ledger.writes == []


def test_head_that_moves_while_it_is_queued_is_not_queued(
    client: Client, github: FakeGitHub, pull: Pull
) -> None:
    approved = pull.head_sha
    github.fault(on="enqueue", before=lambda: github.push(pull, {"evil": "1\n"}, force=True))
    with pytest.raises(HeadMoved):
        client.enqueue(PATH, pull.number, head_sha=approved)
    assert pull.entry is None


def test_push_takes_the_entry_away(client: Client, github: FakeGitHub, pull: Pull) -> None:
    client.enqueue(PATH, pull.number, head_sha=pull.head_sha)
    github.push(pull, {"evil": "1\n"}, force=True)
    assert client.merge_queue(PATH, pull.number).entry is None
    assert github.merge_queued(pull.repo) == []


def test_queued_twice_is_queued_once(client: Client, github: FakeGitHub, pull: Pull) -> None:
    for _ in range(2):
        client.enqueue(PATH, pull.number, head_sha=pull.head_sha)
    assert [one.kind for one in github.ledger.writes] == ["enqueue"]


def test_entry_whose_answer_was_lost_is_found(
    client: Client, github: FakeGitHub, pull: Pull
) -> None:
    github.fault(on="enqueue", drop=True)
    with pytest.raises(Unavailable):
        client.enqueue(PATH, pull.number, head_sha=pull.head_sha)
    assert client.merge_queue(PATH, pull.number).entry == queued(pull)
    client.enqueue(PATH, pull.number, head_sha=pull.head_sha)
    assert len(github.ledger.writes) == 1


def test_entry_that_another_client_makes_meanwhile_counts(
    client: Client, github: FakeGitHub, connect: Connect, pull: Pull
) -> None:
    other = connect(github.row(name="another"))
    head = pull.head_sha
    github.fault(on="enqueue", before=lambda: other.enqueue(PATH, pull.number, head_sha=head))
    client.enqueue(PATH, pull.number, head_sha=head)
    assert len(github.ledger.writes) == 1


def test_missing_check_is_not_queued(client: Client, pull: Pull) -> None:
    pull.repo.required = (STATUS_NAME,)
    with pytest.raises(NotMergeable, match=r"hitl-console.* is expected"):
        client.enqueue(PATH, pull.number, head_sha=pull.head_sha)


def test_what_others_closed_is_refused_with_its_state(
    client: Client, github: FakeGitHub, pull: Pull
) -> None:
    github.fault(on="enqueue", before=lambda: github.close(pull))
    with pytest.raises(Refused, match="it is closed already"):
        client.enqueue(PATH, pull.number, head_sha=pull.head_sha)


def test_own_entry_is_taken_back(client: Client, github: FakeGitHub, pull: Pull) -> None:
    client.enqueue(PATH, pull.number, head_sha=pull.head_sha)
    client.dequeue(PATH, pull.number)
    assert pull.entry is None
    client.dequeue(PATH, pull.number)
    assert [one.kind for one in github.ledger.writes] == ["enqueue", "dequeue"]


def test_entry_of_another_account_stays(
    client: Client, github: FakeGitHub, connect: Connect, pull: Pull
) -> None:
    github.tokens["token-of-maria"] = github.account("maria")
    credentials = github.row()
    credentials.set_credentials(type(credentials.decrypted_credentials())(token="token-of-maria"))
    connect(credentials).enqueue(PATH, pull.number, head_sha=pull.head_sha)
    client.dequeue(PATH, pull.number)
    found = client.merge_queue(PATH, pull.number).entry
    assert found == queued(pull, own=False)


def test_entry_that_leaves_meanwhile_is_no_error(
    client: Client, github: FakeGitHub, pull: Pull
) -> None:
    client.enqueue(PATH, pull.number, head_sha=pull.head_sha)
    github.fault(on="dequeue", before=lambda: github.merge_queued(pull.repo))
    client.dequeue(PATH, pull.number)
    assert pull.state == "merged"


@pytest.mark.parametrize("path", ["acme", "acme/shop/web", "../admin"])
def test_path_that_is_none_is_never_asked_for(
    client: Client, github: FakeGitHub, path: str
) -> None:
    with pytest.raises(NotFound):
        client.merge_queue(path, 1)
    assert github.asked == []


def test_renamed_repository_keeps_its_queue(client: Client, github: FakeGitHub, pull: Pull) -> None:
    github.rename(pull.repo, "acme/store")
    assert client.merge_queue(PATH, pull.number).required


# -- What its errors mean, which come with status 200 --------------------------------------------


@pytest.mark.parametrize(
    ("kind", "meaning"),
    [
        ("NOT_FOUND", NotFound),
        ("FORBIDDEN", NotAllowed),
        ("INSUFFICIENT_SCOPES", NotAllowed),
        ("INTERNAL", Unavailable),
        ("SERVICE_UNAVAILABLE", Unavailable),
        ("OF_THE_FUTURE", Unavailable),
        ("RATE_LIMITED", Limited),
    ],
)
def test_error_means_what_its_type_says(
    client: Client, github: FakeGitHub, pull: Pull, kind: str, meaning: type[Exception]
) -> None:
    github.fault(on="enqueue", reply=failing(kind))
    with pytest.raises(meaning, match="answered GraphQL with an error: Because"):
        client.enqueue(PATH, pull.number, head_sha=pull.head_sha)
    assert pull.entry is None


def test_limit_in_the_body_pauses_all_requests(
    client: Client, github: FakeGitHub, connect: Connect, pull: Pull
) -> None:
    github.fault(on="look", path="/graphql", reply=failing("RATE_LIMITED"))
    with pytest.raises(Limited):
        client.merge_queue(PATH, pull.number)
    asked = len(github.asked)
    with pytest.raises(Limited):
        connect(github.row()).repository(PATH)
    assert len(github.asked) == asked
    limits.forget()
    assert client.merge_queue(PATH, pull.number).required


def test_words_of_an_error_are_short_and_printable(
    client: Client, github: FakeGitHub, pull: Pull
) -> None:
    github.fault(on="enqueue", reply=failing("FORBIDDEN", "No.\n\u202e" * 1000))
    with pytest.raises(NotAllowed) as caught:
        client.enqueue(PATH, pull.number, head_sha=pull.head_sha)
    assert len(caught.value.words) <= 300
    assert caught.value.words.isprintable()


OLDER = {"message": "Field 'isMergeQueueEnabled' doesn't exist on type 'PullRequest'",
         "extensions": {"code": "undefinedField"}}  # fmt: skip


@pytest.mark.parametrize(
    "reply",
    [answers(404), Reply(200, {"errors": [OLDER]})],
    ids=["no GraphQL", "an older server"],
)
def test_server_that_knows_no_queues_needs_none(
    client: Client, github: FakeGitHub, pull: Pull, reply: Reply
) -> None:
    with github.failing(path="/graphql", reply=reply):
        assert client.merge_queue(PATH, pull.number) == MergeQueue(required=False, entry=None)
        client.dequeue(PATH, pull.number)
        with pytest.raises(Refused):
            client.enqueue(PATH, pull.number, head_sha=pull.head_sha)


@pytest.mark.parametrize(
    "value",
    [
        {},
        {"data": None},
        {"data": {"viewer": {"id": "U_1"}, "repository": None}},
        {"data": {"viewer": None, "repository": {"pullRequest": {"id": "P_1"}}}},
        {"data": {"viewer": {"id": "U_1"}, "repository": {"pullRequest": {"headRefOid": "x"}}}},
    ],
    ids=json.dumps,
)
def test_answer_with_another_shape_is_named(
    client: Client, github: FakeGitHub, pull: Pull, value: Any
) -> None:
    github.fault(path="/graphql", reply=Reply(200, value))
    with pytest.raises(Unavailable, match=r"graphql\.data.* instead of"):
        client.merge_queue(PATH, pull.number)
