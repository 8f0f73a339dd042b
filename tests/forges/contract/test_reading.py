"""What every client promises to those who read, on a fake of each forge.

`test_stand_ins.py` asks the same of a GitHub that was made by others.
"""

from itertools import pairwise

import pytest

from forges.choices import CheckState, ForgeKind, PullRequestState
from forges.clients.base import STATUS_NAME, Client
from forges.errors import NotAllowed, NotFound
from forges.models import Credentials
from tests.support.forges import ACCOUNT, Connect, FakeForge, FakeGitHub, FakeGitLab, Pull, Repo

pytestmark = pytest.mark.server  # git runs

PATH = "acme/shop"


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


# -- What is of one forge --------------------------------------------------------------------------


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
