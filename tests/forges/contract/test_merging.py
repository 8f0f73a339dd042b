"""What every client promises to those who merge: exactly the named head, and a clear no."""

import pytest

from forges.choices import CheckState, ForgeKind, MergeMethod, PullRequestState
from forges.clients.base import STATUS_NAME, Client, MergeQueue
from forges.errors import HeadMoved, NotAllowed, NotMergeable, Refused, Unavailable
from tests.support.forges import ACCOUNT, Connect, FakeForge, FakeGitLab, Pull, Repo, answers

pytestmark = pytest.mark.server  # git runs

PATH = "acme/shop"


@pytest.mark.parametrize("method", [MergeMethod.MERGE, MergeMethod.SQUASH])
def test_merge_returns_the_commit_that_is_on_main(
    client: Client, fake: FakeForge, pull: Pull, method: MergeMethod
) -> None:
    sha = client.merge(PATH, pull.number, head_sha=pull.head_sha, method=method)
    assert pull.repo.git.head("main") == sha == pull.merged_sha
    found = client.pull_request(PATH, pull.number)
    assert (found.state, found.merged_sha) == (PullRequestState.MERGED, sha)
    assert (found.ended_by, found.ended_at) == (ACCOUNT, pull.ended_at)


def test_rebase_is_refused_where_there_is_none(client: Client, fake: FakeForge, pull: Pull) -> None:
    fake.push_to_main(pull.repo, {"other": "1\n"})
    if fake.kind == ForgeKind.GITLAB:
        with pytest.raises(Refused):
            client.merge(PATH, pull.number, head_sha=pull.head_sha, method=MergeMethod.REBASE)
        assert fake.writes == []
        return
    sha = client.merge(PATH, pull.number, head_sha=pull.head_sha, method=MergeMethod.REBASE)
    assert sha == pull.repo.git.head("main")


def test_another_head_is_not_merged(client: Client, fake: FakeForge, pull: Pull) -> None:
    approved = pull.head_sha
    moved = fake.push(pull, {"package.json": "{}\n"}, force=True)
    with pytest.raises(HeadMoved) as caught:
        client.merge(PATH, pull.number, head_sha=approved, method=MergeMethod.MERGE)
    assert caught.value.words == f"the head moved from {approved[:8]} to {moved[:8]}"
    assert pull.state == "open"


def test_head_that_moves_while_the_merge_is_under_way_is_not_merged(
    client: Client, fake: FakeForge, pull: Pull
) -> None:
    fake.fault(before=lambda: fake.push(pull, {"evil": "1\n"}, force=True), path="/merge$")
    with pytest.raises(HeadMoved):
        client.merge(PATH, pull.number, head_sha=pull.head_sha, method=MergeMethod.MERGE)
    assert pull.state == "open"


def test_conflict_is_not_mergeable(client: Client, fake: FakeForge, pull: Pull) -> None:
    fake.push_to_main(pull.repo, {"package.json": '{"lodash": "5.0.0"}\n'})
    assert client.pull_request(PATH, pull.number).mergeable is False
    with pytest.raises(NotMergeable):
        client.merge(PATH, pull.number, head_sha=pull.head_sha, method=MergeMethod.MERGE)


def test_missing_check_is_not_mergeable_and_success_is(
    client: Client, fake: FakeForge, pull: Pull
) -> None:
    pull.repo.required = (STATUS_NAME,)
    with pytest.raises(NotMergeable):
        client.merge(PATH, pull.number, head_sha=pull.head_sha, method=MergeMethod.MERGE)
    client.set_status(
        PATH,
        pull.head_sha,
        state=CheckState.SUCCESS,
        description="Approved",
        url="https://c.example/",
    )
    assert client.merge(PATH, pull.number, head_sha=pull.head_sha, method=MergeMethod.MERGE)


def test_gitlab_that_has_not_looked_yet_is_asked_again_later(connect: Connect) -> None:
    with FakeGitLab() as fake:
        client, repo = connect(fake.row()), fake.repository(PATH)
        pull = fake.open_pull_request(repo, "b", {"a": "1\n"})
        fake.unchecked = 1
        assert client.pull_request(PATH, pull.number).mergeable is None
        with pytest.raises(NotMergeable):
            client.merge(PATH, pull.number, head_sha=pull.head_sha, method=MergeMethod.MERGE)
        assert client.merge(PATH, pull.number, head_sha=pull.head_sha, method=MergeMethod.MERGE)


def test_what_others_merged_or_closed_is_refused_with_its_state(
    client: Client, fake: FakeForge, repo: Repo
) -> None:
    merged = fake.open_pull_request(repo, "a", {"a": "1\n"})
    closed = fake.open_pull_request(repo, "b", {"b": "1\n"})
    fake.merge(merged, by="maria")
    fake.close(closed, by="maria")
    for pull, words in ((merged, "it is merged already"), (closed, "it is closed already")):
        with pytest.raises(Refused, match=words):
            client.merge(PATH, pull.number, head_sha=pull.head_sha, method=MergeMethod.MERGE)


def test_merge_without_an_answer_may_have_happened(
    client: Client, fake: FakeForge, pull: Pull
) -> None:
    fake.fault(drop=True, path="/merge$")
    with pytest.raises(Unavailable):
        client.merge(PATH, pull.number, head_sha=pull.head_sha, method=MergeMethod.MERGE)
    assert client.pull_request(PATH, pull.number).merged_sha == pull.merged_sha != ""
    assert len(fake.writes) == 1


@pytest.mark.parametrize(("status", "kind"), [(405, NotMergeable), (409, NotMergeable)])
def test_refusal_with_the_same_head_is_not_called_a_moved_one(
    client: Client, fake: FakeForge, pull: Pull, status: int, kind: type[Exception]
) -> None:
    fake.fault(reply=answers(status), path="/merge$")
    with pytest.raises(kind):
        client.merge(PATH, pull.number, head_sha=pull.head_sha, method=MergeMethod.MERGE)


# -- What a repository never allows ----------------------------------------------------------------


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
    assert client.repository(PATH).archived
    with pytest.raises(Refused, match="archived"):
        client.merge(PATH, pull.number, head_sha=pull.head_sha, method=MergeMethod.MERGE)


def test_credentials_that_may_not_merge_are_not_called_a_refusal(
    client: Client, fake: FakeForge, pull: Pull
) -> None:
    fake.fault(on="merge", reply=fake.forbidden())
    with pytest.raises(NotAllowed):
        client.merge(PATH, pull.number, head_sha=pull.head_sha, method=MergeMethod.MERGE)


# -- Merge queues ----------------------------------------------------------------------------------


def test_forge_without_merge_queues_needs_none(client: Client, fake: FakeForge, pull: Pull) -> None:
    assert client.merge_queue(PATH, pull.number) == MergeQueue(required=False, entry=None)
    client.dequeue(PATH, pull.number)
    if fake.kind == ForgeKind.GITHUB:
        return
    with pytest.raises(Refused, match="no merge queue"):
        client.enqueue(PATH, pull.number, head_sha=pull.head_sha)
