"""What every client promises to those who write: no write twice, and a clear no; on every fake."""

import pytest

from forges.choices import ForgeKind, MergeMethod
from forges.clients.base import STATUS_NAME, Client, MergeQueue
from forges.errors import NotAllowed, NotMergeable, Refused, Unavailable
from tests.support.forges import FakeForge, Pull

pytestmark = pytest.mark.server  # git runs

PATH = "acme/shop"
MARKER = "<!-- hitl-console 6f1c2d7e-8a56-4d0e-9d3f-0c1b2a394857 -->"


# -- Whether something was written ---------------------------------------------------------------


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


# -- What a repository never allows --------------------------------------------------------------


def test_repository_names_the_merge_methods_that_it_allows(client: Client, pull: Pull) -> None:
    allowed = client.repository(PATH).merge_methods
    pull.repo.methods = ("squash",)
    assert client.repository(PATH).merge_methods == ("squash",)
    assert set(allowed) <= set(MergeMethod)


@pytest.mark.parametrize(
    ("method", "only"), [(MergeMethod.MERGE, "squash"), (MergeMethod.SQUASH, "merge")]
)
def test_method_that_the_repository_does_not_allow_is_refused(
    client: Client, pull: Pull, method: MergeMethod, only: str
) -> None:
    pull.repo.methods = (only,)
    words = f"the repository does not allow the method {method}, only {only}"
    with pytest.raises(Refused, match=words):
        client.merge(PATH, pull.number, head_sha=pull.head_sha, method=method)
    assert pull.state == "open"


def test_archived_repository_refuses_to_merge(client: Client, pull: Pull) -> None:
    pull.repo.archived = True
    with pytest.raises(Refused, match="archived"):
        client.merge(PATH, pull.number, head_sha=pull.head_sha, method=MergeMethod.MERGE)


def test_missing_check_of_an_allowed_method_may_still_come(client: Client, pull: Pull) -> None:
    pull.repo.required = (STATUS_NAME,)
    with pytest.raises(NotMergeable):
        client.merge(PATH, pull.number, head_sha=pull.head_sha, method=MergeMethod.MERGE)


def test_credentials_that_may_not_merge_are_not_called_a_refusal(
    client: Client, fake: FakeForge, pull: Pull
) -> None:
    fake.fault(on="merge", reply=fake.forbidden())
    with pytest.raises(NotAllowed):
        client.merge(PATH, pull.number, head_sha=pull.head_sha, method=MergeMethod.MERGE)


# -- Merge queues --------------------------------------------------------------------------------


def test_forge_without_merge_queues_needs_none(client: Client, fake: FakeForge, pull: Pull) -> None:
    assert client.merge_queue(PATH, pull.number) == MergeQueue(required=False, entry=None)
    client.dequeue(PATH, pull.number)
    if fake.kind == ForgeKind.GITHUB:
        return
    with pytest.raises(Refused, match="no merge queue"):
        client.enqueue(PATH, pull.number, head_sha=pull.head_sha)
