"""What every client promises, on a fake of each forge.

`test_stand_ins.py` asks the same of a GitHub that was made by others.
"""

from itertools import pairwise

import pytest

from forges.choices import CheckState, ForgeKind, MergeMethod, PullRequestState
from forges.clients.base import STATUS_NAME, Client
from forges.errors import (
    HeadMoved,
    NotAllowed,
    NotFound,
    NotMergeable,
    Refused,
    Unavailable,
)
from forges.models import Credentials
from tests.support.forges import (
    ACCOUNT,
    Connect,
    FakeForge,
    FakeGitHub,
    FakeGitLab,
    Pull,
    Repo,
    answers,
)

pytestmark = pytest.mark.server  # git runs

PATH = "acme/shop"
NOWHERE = "0" * 40


@pytest.fixture
def repo(fake: FakeForge) -> Repo:
    return fake.repository(PATH, {"package.json": '{"lodash": "4.17.20"}\n'})


@pytest.fixture
def pull(fake: FakeForge, repo: Repo) -> Pull:
    return fake.open_pull_request(
        repo,
        "dependabot/npm/lodash",
        {"package.json": '{"lodash": "4.17.21"}\n'},
        title="Bump lodash",
        body="It is **new**.",
        message="Bump lodash\n\nFrom 4.17.20 to 4.17.21.",
        labels=["dependencies"],
    )


# -- Reading -------------------------------------------------------------------------------------


def test_credentials_name_their_account(client: Client) -> None:
    found = client.grants()
    assert (found.account, found.missing) == (ACCOUNT, ())


def test_wrong_token_is_not_allowed(fake: FakeForge, repo: Repo, connect: Connect) -> None:
    forge = fake.row()
    forge.set_credentials(Credentials(token="wrong-token"))
    with pytest.raises(NotAllowed) as caught:
        connect(forge).repository(PATH)
    assert "wrong-token" not in caught.value.words


def test_repository_has_an_id_that_stays(client: Client, fake: FakeForge, repo: Repo) -> None:
    before = client.repository(PATH)
    fake.rename(repo, "acme/store")
    after = client.repository(PATH)
    assert (before.path, after.path) == (PATH, "acme/store")
    assert before.remote_id == after.remote_id


def test_pull_request_of_a_renamed_repository_is_read(
    client: Client, fake: FakeForge, pull: Pull
) -> None:
    fake.rename(pull.repo, "acme/store")
    assert client.pull_request(PATH, pull.number).head_sha == pull.head_sha


def test_open_pull_request_is_read(client: Client, fake: FakeForge, pull: Pull) -> None:
    found = client.pull_request(PATH, pull.number)
    assert (found.number, found.title, found.body) == (1, "Bump lodash", "It is **new**.")
    assert (found.head_ref, found.base_ref) == (pull.branch, "main")
    assert (found.head_sha, found.base_sha) == (pull.head_sha, pull.base_sha)
    assert (found.state, found.draft, found.mergeable) == (PullRequestState.OPEN, False, True)
    assert (found.author, found.labels) == ("dependabot[bot]", ("dependencies",))
    assert found.forge_updated_at == pull.updated_at
    assert (found.merged_sha, found.ended_by, found.ended_at) == ("", "", None)
    assert found.url.startswith(fake.url)


def test_only_the_forge_says_who_is_a_bot(client: Client, fake: FakeForge, repo: Repo) -> None:
    bot = fake.open_pull_request(repo, "a", {"a": "1\n"}, author="renovate[bot]")
    human = fake.open_pull_request(repo, "b", {"b": "1\n"}, author="renovate")
    told = [client.pull_request(PATH, one.number).author_is_bot for one in (bot, human)]
    assert told == [fake.kind != ForgeKind.GITEA, False]  # which has no such mark


def test_message_is_that_of_the_first_commit(client: Client, fake: FakeForge, pull: Pull) -> None:
    for number in range(3):
        fake.push(pull, {f"more-{number}": "1\n"}, "Fix it up")
    assert (
        client.message(PATH, pull.number).strip()
        == pull.repo.git.commits(pull.base_sha, pull.head_sha)[0].message
    )
    assert "From 4.17.20 to 4.17.21." in client.message(PATH, pull.number)


def test_diff_is_gits(client: Client, pull: Pull) -> None:
    diff = client.diff(PATH, pull.number)
    assert diff.startswith("diff --git a/package.json b/package.json\n")
    assert '-{"lodash": "4.17.20"}\n+{"lodash": "4.17.21"}\n' in diff


def test_binary_files_and_odd_bytes_make_a_diff_that_can_be_stored(
    client: Client, fake: FakeForge, repo: Repo
) -> None:
    files = {"image.png": b"\x89PNG\0\0", "latin.txt": b"caf\xe9\n"}
    found = client.diff(PATH, fake.open_pull_request(repo, "odd", files).number)
    assert "Binary files /dev/null and b/image.png differ" in found
    assert "caf\ufffd" in found
    assert "\0" not in found
    found.encode()


def test_names_that_lie_are_kept_as_they_are(client: Client, fake: FakeForge, repo: Repo) -> None:
    title = "Bump \u202egnp.exe\0 ../../etc/passwd"
    pull = fake.open_pull_request(repo, "x/../y".replace("..", "dots"), {"a": "1\n"}, title=title)
    found = client.pull_request(PATH, pull.number)
    assert found.title == title.replace("\0", "\ufffd")


@pytest.mark.parametrize("path", ["../admin", "acme/..", "acme//shop", "acme/", "", "/", "."])
def test_path_that_leads_elsewhere_is_never_asked_for(
    client: Client, fake: FakeForge, path: str
) -> None:
    with pytest.raises(NotFound):
        client.repository(path)
    assert fake.asked == []


def test_path_is_quoted(client: Client, fake: FakeForge) -> None:
    with pytest.raises(NotFound):
        client.repository("acme/shop?x=1#é")
    assert [one.query for one in fake.asked] == [{}]
    assert "shop%3Fx%3D1%23%C3%A9" in fake.asked[0].path


def test_what_is_not_there_is_not_found(client: Client, repo: Repo) -> None:
    for ask in (client.pull_request, client.diff, client.message):
        with pytest.raises(NotFound):
            ask(PATH, 404)
    with pytest.raises(NotFound):
        client.repository("acme/nothing")


def test_checks_are_the_latest_of_each_name(client: Client, fake: FakeForge, pull: Pull) -> None:
    failure = "failed" if fake.kind == ForgeKind.GITLAB else "failure"
    for name, state in [("test", "pending"), ("lint", failure), ("test", "success"),
                        (STATUS_NAME, "pending")]:  # fmt: skip
        fake.add_check(pull.repo, pull.head_sha, name, state, description=f"{name} ended")
    found = {one.name: one for one in client.checks(PATH, pull.head_sha)}
    assert {name: one.state for name, one in found.items()} == {
        "test": CheckState.SUCCESS,
        "lint": CheckState.FAILURE,
    }
    assert (found["lint"].url, found["lint"].summary) == ("https://ci.example.com/1", "lint ended")


def test_commit_without_checks_has_none(client: Client, pull: Pull) -> None:
    assert client.checks(PATH, pull.head_sha) == []


def test_link_of_a_check_is_one_that_pages_may_have(
    client: Client, fake: FakeForge, pull: Pull
) -> None:
    fake.add_check(pull.repo, pull.head_sha, "test", "success", url="javascript:alert(1)")
    assert [one.url for one in client.checks(PATH, pull.head_sha)] == [""]


def test_list_has_open_pull_requests_in_pages_by_their_last_change(
    client: Client, fake: FakeForge, repo: Repo
) -> None:
    pulls = [fake.open_pull_request(repo, f"b{n}", {"a": f"{n}\n"}) for n in range(102)]
    fake.edit(pulls[3], title="Changed last")
    fake.close(pulls[5])
    pages = list(client.open_pull_requests(PATH))
    items = [one for page in pages for one in page.items]
    assert len(pages) > 1
    assert items[0].number == pulls[3].number
    assert sorted(one.number for one in items) == sorted(
        one.number for one in pulls if one is not pulls[5]
    )
    assert all(a.forge_updated_at >= b.forge_updated_at for a, b in pairwise(items))
    assert {one.number: one.head_sha for one in items}[1] == pulls[0].head_sha
    assert not any(page.problems for page in pages)


def test_list_of_all_has_ended_ones_too(client: Client, fake: FakeForge, repo: Repo) -> None:
    pulls = [fake.open_pull_request(repo, f"b{n}", {"a": f"{n}\n"}) for n in range(3)]
    fake.close(pulls[1])
    fake.merge(pulls[0])
    [page] = client.all_pull_requests(PATH)
    assert [one.number for one in page.items] == [
        one.number for one in (pulls[0], pulls[1], pulls[2])
    ]


def test_list_that_did_not_change_is_not_sent_again(
    client: Client, fake: FakeForge, pull: Pull
) -> None:
    [page] = client.open_pull_requests(PATH)
    if fake.kind == ForgeKind.GITEA:
        assert page.etag == ""  # it knows no conditional requests
        return
    [again] = client.open_pull_requests(PATH, page.etag)
    assert (again.unchanged, again.items, again.etag) == (True, (), page.etag)
    fake.edit(pull, title="Another")
    [changed] = client.open_pull_requests(PATH, page.etag)
    assert not changed.unchanged
    assert len(changed.items) == 1


# -- Merging -------------------------------------------------------------------------------------


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


def test_archived_repository_merges_nothing(client: Client, fake: FakeForge, pull: Pull) -> None:
    pull.repo.archived = True
    assert client.repository(PATH).archived
    with pytest.raises((NotMergeable, Refused)):
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


# -- Other writes --------------------------------------------------------------------------------


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


def test_check_runs_and_statuses_of_github_are_read_together(
    github: FakeGitHub, connect: Connect
) -> None:
    repo = github.repository(PATH)
    pull = github.open_pull_request(repo, "b", {"a": "1\n"})
    for state in ("in_progress", "neutral", "timed_out", "of-the-future"):
        github.add_check(repo, pull.head_sha, state, state, is_run=True)
    github.add_check(repo, pull.head_sha, "neutral", "error")
    found = connect(github.row()).checks(PATH, pull.head_sha)
    assert sorted((one.name, one.state) for one in found) == [
        ("in_progress", CheckState.PENDING),
        ("neutral", CheckState.FAILURE),
        ("neutral", CheckState.SKIPPED),
        ("of-the-future", CheckState.PENDING),
        ("timed_out", CheckState.FAILURE),
    ]


def test_missing_permissions_are_named(github: FakeGitHub, connect: Connect) -> None:
    github.permissions = {"metadata": "read", "contents": "read", "issues": "admin"}
    found = connect(github.app_row()).grants()
    assert found.account == "console[bot]"
    assert found.granted == ("contents: read", "issues: admin", "metadata: read")
    assert found.missing == (
        "contents: write",
        "pull_requests: write",
        "checks: read",
        "statuses: write",
    )
    github.scopes = "read:org, gist"
    assert connect(github.row()).grants().missing == ("repo",)


def test_missing_scope_of_gitlab_is_named(connect: Connect) -> None:
    with FakeGitLab() as fake:
        fake.scopes = ["read_api"]
        assert connect(fake.row()).grants().missing == ("api",)
