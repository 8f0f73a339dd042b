"""The client of GitHub with `emulate`, a GitHub that others made.

It differs from GitHub in known ways. Each has a test here that names it and holds as long as
it is so, since no behaviour may be built on it.
"""

import base64
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import httpx
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from forges.choices import CheckState, ForgeKind, MergeMethod, PullRequestState
from forges.clients import client_for
from forges.clients.base import Client, MergeQueue
from forges.errors import HeadMoved, NotFound, Refused, Unavailable
from forges.models import Credentials, Forge
from tests.support.forges.completed import Completed
from tests.support.forges.github_app import PERMISSIONS
from tests.support.forges.stand_ins import emulate

pytestmark = pytest.mark.server

PATH = "acme/shop"
MARKER = "<!-- hitl-console 6f1c2d7e-8a56-4d0e-9d3f-0c1b2a394857 -->"
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

    def push(self, branch: str) -> None:
        """Push another commit onto a branch."""
        with self.api() as api:
            content = base64.b64encode(b"evil").decode()
            values = {"message": "Change it", "branch": branch, "content": content}
            api.put("/contents/evil.json", json=values).raise_for_status()

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


@pytest.mark.parametrize("method", MergeMethod)
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
        client.merge(PATH, number, head_sha="0" * 40, method=MergeMethod.MERGE)
    assert client.pull_request(PATH, number).state == PullRequestState.OPEN


def test_app_of_the_stand_in_may_do_what_is_needed(stand_in: StandIn) -> None:
    with stand_in.app_client() as client:
        found = client.grants()
    assert (found.account, found.missing) == ("console[bot]", ())


def test_texts_of_the_stand_in_are_found_by_their_marker(client: Client, stand_in: StandIn) -> None:
    (number, head), (other, _) = stand_in.opened(), stand_in.opened()
    client.comment(PATH, number, f"Rejected.\n\n{MARKER}")
    client.request_changes(PATH, number, head_sha=head, text=f"Pin it.\n\n{MARKER}")
    assert client.has_comment(PATH, number, MARKER)
    assert client.has_change_request(PATH, number, MARKER)
    assert not client.has_comment(PATH, other, MARKER)
    assert not client.has_change_request(PATH, other, MARKER)


def test_stand_in_without_graphql_needs_no_merge_queue(client: Client, stand_in: StandIn) -> None:
    number, head = stand_in.opened()
    assert client.merge_queue(PATH, number) == MergeQueue(required=False, entry=None)
    client.dequeue(PATH, number)
    with pytest.raises(Refused):
        client.enqueue(PATH, number, head_sha=head)


@pytest.fixture
def unreliable(stand_in: StandIn) -> Iterator[Completed]:
    """The stand-in behind a proxy that loses answers if asked."""
    with Completed(stand_in.url, "token-of-the-console") as server:
        yield server


def test_what_the_stand_in_did_without_an_answer_is_found(
    stand_in: StandIn, unreliable: Completed
) -> None:
    number, head = stand_in.opened()
    credentials = Credentials(token="token-of-the-console")
    writes: list[tuple[str, Callable[[Client], object], Callable[[Client], object]]] = [
        ("comment", lambda one: one.comment(PATH, number, MARKER),
         lambda one: one.has_comment(PATH, number, MARKER)),
        ("review", lambda one: one.request_changes(PATH, number, head_sha=head, text=MARKER),
         lambda one: one.has_change_request(PATH, number, MARKER)),
        ("merge", lambda one: one.merge(PATH, number, head_sha=head, method=MergeMethod.SQUASH),
         lambda one: one.pull_request(PATH, number).merged_sha),
    ]  # fmt: skip
    with client_for(row(unreliable.url, credentials)) as client:
        for kind, write, done in writes:
            assert not done(client)
            fault = unreliable.fault(on=kind, drop=True)
            with pytest.raises(Unavailable):
                write(client)
            assert fault.happened == 1
            assert done(client)


def test_stand_in_whose_head_moves_before_the_merge_merges_nothing(
    stand_in: StandIn, unreliable: Completed
) -> None:
    number, head = stand_in.opened()
    unreliable.fault(on="merge", before=lambda: stand_in.push(f"bump/{stand_in.branches}"))
    with (
        client_for(row(unreliable.url, Credentials(token="token-of-the-console"))) as client,
        pytest.raises(HeadMoved),
    ):
        client.merge(PATH, number, head_sha=head, method=MergeMethod.MERGE)


# -- Where emulate differs from GitHub -----------------------------------------------------------


def test_differs_another_head_and_merged_twice_are_422_where_github_has_409_and_405(
    stand_in: StandIn,
) -> None:
    number, head = stand_in.opened()
    with stand_in.api() as api, stand_in.client() as client:
        assert api.put(f"/pulls/{number}/merge", json={"sha": "0" * 40}).status_code == 422
        client.merge(PATH, number, head_sha=head, method=MergeMethod.MERGE)
        assert api.put(f"/pulls/{number}/merge", json={"sha": head}).status_code == 422
        with pytest.raises(Refused, match="it is merged already"):
            client.merge(PATH, number, head_sha=head, method=MergeMethod.MERGE)


def test_differs_heads_do_not_follow_a_push(stand_in: StandIn) -> None:
    number, head = stand_in.opened()
    stand_in.push(f"bump/{stand_in.branches}")
    with stand_in.client() as client:
        assert client.pull_request(PATH, number).head_sha == head
        assert client.merge(PATH, number, head_sha=head, method=MergeMethod.MERGE)


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
