"""The client of GitHub with what others made: a GitHub, and GitHub's own description of requests.

`emulate` differs from GitHub in known ways. Each has a test here that names it and holds as long as
it is so, since no behaviour may be built on it.
"""

import base64
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from forges.choices import CheckState, ForgeKind, PullRequestState
from forges.clients import client_for
from forges.clients.base import Client, MergeMethod
from forges.clients.github import GitHub
from forges.errors import HeadMoved, NotFound, Refused, Unavailable
from forges.models import Credentials, Forge
from tests.support.forges import FakeGitHub, Pull
from tests.support.forges.github import PERMISSIONS
from tests.support.forges.stand_ins import emulate, prism

pytestmark = pytest.mark.server

PATH = "acme/shop"
APP = {
    "app_id": 12345,
    "slug": "console",
    "name": "Console",
    "permissions": PERMISSIONS,
    "installations": [{"installation_id": 100, "account": "acme", "repository_selection": "all"}],
}


def row(url: str, credentials: Credentials) -> Forge:
    forge = Forge(name="stand-in", kind=ForgeKind.GITHUB, url=url, api_url=url)
    forge.set_credentials(credentials)
    return forge


# -- emulate -------------------------------------------------------------------------------------


@dataclass
class StandIn:
    """A GitHub that others made, and what a bot does there over its API."""

    url: str
    key: str
    branches: int = 0

    def api(self) -> httpx.Client:
        headers = {"Authorization": "Bearer token-of-the-console"}
        return httpx.Client(base_url=f"{self.url}/repos/{PATH}", headers=headers)

    def opened(self) -> tuple[int, str]:
        """Open a pull request from a new branch; return its number and head."""
        self.branches += 1
        branch = f"bump/{self.branches}"
        with self.api() as api:
            main = api.get("/git/ref/heads/main").json()["object"]["sha"]
            api.post("/git/refs", json={"ref": f"refs/heads/{branch}", "sha": main})
            content = base64.b64encode(f'{{"at": {self.branches}}}\n'.encode()).decode()
            values = {"message": "Bump lodash", "branch": branch, "content": content}
            api.put(f"/contents/at-{self.branches}.json", json=values).raise_for_status()
            values = {"title": "Bump lodash", "head": branch, "base": "main", "body": "It is new."}
            told = api.post("/pulls", json=values).raise_for_status().json()
        return told["number"], told["head"]["sha"]

    def client(self) -> Client:
        return client_for(row(self.url, Credentials(token="token-of-the-console")))

    def app_client(self) -> Client:
        credentials = Credentials(app_id="12345", installation_id="100", private_key=self.key)
        return client_for(row(self.url, credentials))


@pytest.fixture(scope="module")
def stand_in(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandIn]:
    form = serialization.PrivateFormat.TraditionalOpenSSL
    plain = serialization.NoEncryption()
    pem = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
        serialization.Encoding.PEM, form, plain
    )
    seed = {
        "tokens": {"token-of-the-console": {"login": "acme", "scopes": ["repo", "user"]}},
        "github": {
            "users": [{"login": "acme", "name": "Acme"}],
            "repos": [{"owner": "acme", "name": "shop", "auto_init": True}],
            "apps": [APP | {"private_key": pem.decode()}],
        },
    }
    with emulate(tmp_path_factory.mktemp("emulate"), seed) as url:
        yield StandIn(url, pem.decode())


@pytest.fixture(params=["token", "app"])
def client(request: pytest.FixtureRequest, stand_in: StandIn) -> Iterator[Client]:
    with stand_in.client() if request.param == "token" else stand_in.app_client() as client:
        yield client


def test_pull_request_of_the_stand_in_is_read(client: Client, stand_in: StandIn) -> None:
    number, head = stand_in.opened()
    found = client.pull_request(PATH, number)
    assert (found.number, found.head_sha, found.state) == (number, head, PullRequestState.OPEN)
    assert (found.title, found.body, found.author) == ("Bump lodash", "It is new.", "acme")
    assert (found.head_ref, found.base_ref) == (f"bump/{stand_in.branches}", "main")
    [page] = client.open_pull_requests(PATH)
    assert (number, head) in [one[:2] for one in page.items]
    assert client.repository(PATH).path == PATH


@pytest.mark.parametrize("method", ["merge", "squash", "rebase"])
def test_pull_request_of_the_stand_in_is_merged(
    client: Client, stand_in: StandIn, method: MergeMethod
) -> None:
    number, head = stand_in.opened()
    sha = client.merge(PATH, number, head_sha=head, method=method)
    found = client.pull_request(PATH, number)
    assert (found.state, found.merged_sha) == (PullRequestState.MERGED, sha)
    with stand_in.api() as api:
        assert api.get("/git/ref/heads/main").json()["object"]["sha"] == sha


def test_pull_request_of_the_stand_in_is_closed_with_a_comment(
    client: Client, stand_in: StandIn
) -> None:
    number, head = stand_in.opened()
    client.comment(PATH, number, "Rejected.")
    client.request_changes(PATH, number, head_sha=head, text="Pin it.")
    client.close(PATH, number)
    assert client.pull_request(PATH, number).state == PullRequestState.CLOSED
    with stand_in.api() as api:
        [comment] = api.get(f"/issues/{number}/comments").json()
        [review] = api.get(f"/pulls/{number}/reviews").json()
    assert comment["body"] == "Rejected."
    assert (review["state"], review["commit_id"]) == ("CHANGES_REQUESTED", head)
    client.delete_branch(PATH, f"bump/{stand_in.branches}")


def test_another_head_is_not_merged_by_the_stand_in(client: Client, stand_in: StandIn) -> None:
    number, _ = stand_in.opened()
    with pytest.raises(HeadMoved):
        client.merge(PATH, number, head_sha="0" * 40, method="merge")
    assert client.pull_request(PATH, number).state == PullRequestState.OPEN


def test_app_of_the_stand_in_may_do_what_is_needed(stand_in: StandIn) -> None:
    with stand_in.app_client() as client:
        found = client.grants()
    assert (found.account, found.missing) == ("console[bot]", ())


# -- Where emulate differs from GitHub -----------------------------------------------------------


def test_differs_another_head_and_merged_twice_are_422_where_github_has_409_and_405(
    stand_in: StandIn,
) -> None:
    number, head = stand_in.opened()
    with stand_in.api() as api, stand_in.client() as client:
        assert api.put(f"/pulls/{number}/merge", json={"sha": "0" * 40}).status_code == 422
        client.merge(PATH, number, head_sha=head, method="merge")
        assert api.put(f"/pulls/{number}/merge", json={"sha": head}).status_code == 422
        with pytest.raises(Refused, match="it is merged already"):
            client.merge(PATH, number, head_sha=head, method="merge")


def missing(client: Client, number: int, head: str) -> list[tuple[str, Callable[[], object]]]:
    return [
        ("no combined status", lambda: client.checks(PATH, head)),
        (
            "no status can be set",
            lambda: client.set_status(
                PATH, head, state=CheckState.PENDING, description="", url="https://c.example/"
            ),
        ),
        ("nobody can be assigned", lambda: client.assign(PATH, number, "acme")),
    ]


def test_differs_calls_that_it_does_not_have(stand_in: StandIn) -> None:
    number, head = stand_in.opened()
    with stand_in.client() as client:
        for what, ask in missing(client, number, head):
            try:
                ask()
            except NotFound:
                continue
            pytest.fail(f"emulate has it now: {what}. Ask the same of it as of the fakes.")


def test_differs_no_diff_and_no_files(stand_in: StandIn) -> None:
    number, _ = stand_in.opened()
    with stand_in.client() as client, stand_in.api() as api:
        with pytest.raises(Unavailable, match="application/json instead of a diff"):
            client.diff(PATH, number)
        assert api.get(f"/pulls/{number}/files").json() == []


def test_differs_commits_of_a_pull_request_begin_with_those_of_main(stand_in: StandIn) -> None:
    number, _ = stand_in.opened()
    with stand_in.client() as client:
        assert client.message(PATH, number) != "Bump lodash"


def test_differs_no_conditional_requests(stand_in: StandIn) -> None:
    with stand_in.client() as client:
        [page] = client.open_pull_requests(PATH)
    assert page.etag == ""


# -- GitHub's description ------------------------------------------------------------------------


def test_every_request_fits_githubs_description(github: FakeGitHub, tmp_path: Path) -> None:
    repo = github.repository(PATH)
    github.account("maria")
    pulls = [github.open_pull_request(repo, f"b/{n}", {f"f{n}": "1\n"}) for n in range(3)]
    with prism(tmp_path, github.url) as url:
        for forge in (github.row(api_url=url), github.app_row()):
            forge.api_url = url
            with client_for(forge) as client:
                assert isinstance(client, GitHub)
                _use_all(client, pulls.pop(), github)
        [left], before = pulls, len(github.writes)
        values = {"method": "fast", "head_sha": left.head_sha}
        with client_for(github.row(api_url=url)) as client, pytest.raises(Refused):
            client.merge(PATH, left.number, **values)  # type: ignore[arg-type]
        assert len(github.writes) == before  # Prism let none through
    methods = {one.path.rpartition("/")[2] for one in github.writes}
    assert {"merge", "comments", "reviews", "assignees", "access_tokens"} <= methods


def _use_all(client: Client, pull: Pull, github: FakeGitHub) -> None:
    """Send each request that the client of GitHub has.

    Except `delete_branch`: GitHub describes the name of a branch as several segments of the path
    (`x-multi-segment`), and Prism knows no such thing.
    """
    number, head = pull.number, pull.head_sha
    client.grants()
    client.repository(PATH)
    client.pull_request(PATH, number)
    client.message(PATH, number)
    assert client.diff(PATH, number)
    client.checks(PATH, head)
    [page] = client.open_pull_requests(PATH)
    list(client.open_pull_requests(PATH, page.etag))
    client.set_status(
        PATH, head, state=CheckState.SUCCESS, description="x", url="https://c.example/"
    )
    client.comment(PATH, number, "Hello")
    client.request_changes(PATH, number, head_sha=head, text="Pin it.")
    client.assign(PATH, number, "maria")
    client.merge(PATH, number, head_sha=head, method="squash")
    closed = github.open_pull_request(pull.repo, f"c/{number}", {"c": "1\n"})
    client.close(PATH, closed.number)
    client.pull_request(PATH, closed.number)
