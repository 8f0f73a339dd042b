"""The fakes of forges do what other tests rely on."""

import json
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

import pytest

from forges.choices import ForgeKind, MergeMethod
from forges.clients import client_for
from forges.clients.base import Client
from forges.errors import HeadMoved, Unavailable
from tests.support.forges import ACCOUNT, FakeForge, FakeGitea, Pull, answers
from tests.support.forges.http import Asked, HttpServer, route
from tests.support.forges.webhooks import hex_hmac

pytestmark = pytest.mark.server  # git runs

SECRET = "secret of the webhook"
PATH = "acme/shop"


class Receiver(HttpServer):
    """Takes webhooks."""

    @route("POST", "/hook")
    def _hook(self, asked: Asked) -> dict[str, Any]:
        return {}

    def numbers(self) -> list[int]:
        """Return the numbers of the pull requests that the webhooks are about."""
        values = [one.value() for one in self.asked]
        return [one.get("number") or one["object_attributes"]["iid"] for one in values]


@pytest.fixture
def receiver(fake: FakeForge) -> Iterator[Receiver]:
    with Receiver() as server:
        fake.deliver_to(f"{server.url}/hook", SECRET)
        yield server


def is_signed(kind: ForgeKind, asked: Asked) -> bool:
    digest = hex_hmac(SECRET, asked.body)
    header, value = {
        ForgeKind.GITHUB: ("x-hub-signature-256", f"sha256={digest}"),
        ForgeKind.GITLAB: ("x-gitlab-token", SECRET),
        ForgeKind.GITEA: ("x-gitea-signature", digest),
    }[kind]
    return asked.headers[header] == value


def test_each_change_sends_a_webhook_that_is_signed(fake: FakeForge, receiver: Receiver) -> None:
    repo = fake.repository(PATH)
    pull = fake.open_pull_request(repo, "b", {"a": "1\n"})
    fake.push(pull, {"a": "2\n"}, force=True)
    fake.add_check(repo, pull.head_sha, "test", "success")
    fake.close(pull)
    fake.reopen(pull)
    fake.merge(pull)
    fake.webhooks.settle()
    assert len(receiver.asked) == len(fake.webhooks.sent) == 6
    assert {one.status for one in fake.webhooks.sent} == {200}
    assert all(is_signed(fake.kind, one) for one in receiver.asked)
    ids = {one.headers.get("x-github-delivery") or one.headers.get("x-gitlab-event-uuid")
           or one.headers.get("x-gitea-delivery") for one in receiver.asked}  # fmt: skip
    assert len(ids) == 6


def test_webhooks_are_lost_doubled_and_reordered(fake: FakeForge, receiver: Receiver) -> None:
    repo = fake.repository(PATH)
    fake.webhooks.hold()
    for number in range(3):
        fake.open_pull_request(repo, f"b{number}", {"a": "1\n"})
    fake.webhooks.settle()
    assert receiver.asked == []
    fake.webhooks.release(lambda held: held[::-1], times=2)
    fake.webhooks.settle()
    assert receiver.numbers() == [3, 3, 2, 2, 1, 1]
    fake.webhooks.hold()
    fake.open_pull_request(repo, "b3", {"a": "1\n"})
    fake.webhooks.lose()
    fake.open_pull_request(repo, "b4", {"a": "1\n"})
    fake.webhooks.settle()
    assert receiver.numbers()[6:] == [5]


def test_webhooks_are_disturbed_for_a_while(fake: FakeForge, receiver: Receiver) -> None:
    repo = fake.repository(PATH)
    with fake.webhooks.disturbed(times=0):
        fake.bump(repo, "lost")
    with fake.webhooks.disturbed(times=2, batch=3):
        for number in range(4):
            fake.bump(repo, f"b{number}")
    fake.bump(repo, "last")
    fake.webhooks.settle()
    assert receiver.numbers() == [4, 4, 3, 3, 2, 2, 5, 5, 6]


def test_webhook_that_nobody_takes_stops_no_other(fake: FakeForge, receiver: Receiver) -> None:
    repo = fake.repository(PATH)
    receiver.fault(drop=True)
    for number in range(2):
        fake.open_pull_request(repo, f"b{number}", {"a": "1\n"})
    fake.webhooks.settle()
    assert [one.status for one in fake.webhooks.sent] == [0, 200]


def test_forgejo_signs_under_its_own_name_too() -> None:
    with Receiver() as server, FakeGitea(forgejo=True) as fake:
        fake.deliver_to(f"{server.url}/hook", SECRET)
        fake.open_pull_request(fake.repository(PATH), "b", {"a": "1\n"})
        fake.webhooks.settle()
    headers = server.asked[0].headers
    assert headers["x-forgejo-signature"] == headers["x-gitea-signature"]
    assert headers["x-forgejo-event"] == "pull_request"


def test_rebase_keeps_the_patch_and_moves_the_head(fake: FakeForge) -> None:
    repo = fake.repository(PATH, {"a": "1\n", "b": "1\n"})
    pull = fake.open_pull_request(repo, "b", {"a": "2\n"}, message="Bump a")
    head, patch = pull.head_sha, repo.git.diff(pull.base_sha, pull.head_sha)
    main = fake.push_to_main(repo, {"b": "2\n"})
    assert fake.rebase(pull) == pull.head_sha != head
    assert pull.base_sha == main
    assert repo.git.diff(main, pull.head_sha) == patch
    assert [one.message for one in repo.git.commits(main, pull.head_sha)] == ["Bump a"]


def test_faults_pass(fake: FakeForge) -> None:
    fake.fault(drop=True, method="PUT")
    with fake.failing(data=b"{}", path="/nowhere") as nowhere:
        assert len(fake._faults) == 2
    assert [one.method for one in fake._faults] == ["PUT"]
    fake.heal()
    assert fake._faults == []
    assert nowhere.happened == 0


def test_faults_may_concern_one_kind_of_request_and_one_pull_request(
    fake: FakeForge, client: Client
) -> None:
    repo = fake.repository(PATH)
    spared, hit = fake.bump(repo, "a"), fake.bump(repo, "b")
    fault = fake.fault(on="comment", number=hit.number, reply=answers(500))
    for pull in (spared, hit):
        client.close(PATH, pull.number)
    client.comment(PATH, spared.number, "Rejected.")
    assert fault.happened == 0
    with pytest.raises(Unavailable):
        client.comment(PATH, hit.number, "Rejected.")
    assert (hit.comments, fault.happened) == ([], 1)


def test_ledger_counts_what_was_carried_out_twice(fake: FakeForge, client: Client) -> None:
    pull = fake.bump(fake.repository(PATH))
    head = pull.head_sha
    for text in ("Rejected.", "Rejected.", "Escalated."):
        client.comment(PATH, pull.number, text)
    for _ in range(2):
        client.close(PATH, pull.number)  # the second changes nothing
    fake.reopen(pull)
    client.merge(PATH, pull.number, head_sha=head, method=MergeMethod.SQUASH)
    twice = fake.ledger.done_twice()
    assert [(one.kind, one.text, count) for one, count in twice.items()] == [
        ("comment", "Rejected.", 2)
    ]
    kinds = [one.kind for one in fake.ledger.of(pull.number)]
    assert kinds == ["comment", "comment", "comment", "close", "merge"]
    assert {one.account for one in fake.ledger.writes} == {ACCOUNT}
    assert fake.ledger.merged() == {(PATH, pull.number): head}


def test_what_people_do_is_in_no_ledger(fake: FakeForge) -> None:
    repo = fake.repository(PATH)
    fake.merge(fake.bump(repo, "a"))
    fake.close(fake.bump(repo, "b"))
    assert fake.ledger.writes == []


def test_requests_and_people_take_turns(fake: FakeForge) -> None:
    """Merge from several threads while others push: each merge is of the head that was named."""
    repo = fake.repository(PATH)
    pulls = [fake.bump(repo, f"b{number}") for number in range(12)]
    heads = {one.number: one.head_sha for one in pulls}
    begun = repo.git.head("main")

    def merge(pull: Pull) -> bool:
        with client_for(fake.row()) as client, suppress(HeadMoved):
            client.merge(PATH, pull.number, head_sha=heads[pull.number], method=MergeMethod.SQUASH)
            return True
        return False

    with ThreadPoolExecutor(4) as threads:
        pushed = [threads.submit(fake.push, one, {"evil": "1\n"}, force=True) for one in pulls[::3]]
        merged = [threads.submit(merge, one) for one in pulls]
        for push in pushed:
            push.result()
        done = [one for one, told in zip(pulls, merged, strict=True) if told.result()]
    assert fake.ledger.merged() == {(PATH, one.number): heads[one.number] for one in done}
    assert len(repo.git.commits(begun, "main")) == len(done)


def test_payload_names_the_pull_request_and_its_repository(
    fake: FakeForge, receiver: Receiver
) -> None:
    pull = fake.open_pull_request(fake.repository(PATH), "b", {"a": "1\n"}, title="Bump")
    fake.webhooks.settle()
    told = json.loads(receiver.asked[0].body)
    where = told.get("repository") or told["project"]
    assert PATH in {where.get("full_name"), where.get("path_with_namespace")}
    about = told.get("pull_request") or told["object_attributes"]
    assert about["title"] == pull.title


def test_request_whose_client_was_killed_in_its_middle_is_none(fake: FakeForge) -> None:
    address = urlsplit(fake.url)
    head = f"PUT / HTTP/1.1\r\nHost: {address.netloc}\r\nContent-Length: 20\r\n\r\n"
    before = len(fake.asked)
    with socket.create_connection((address.hostname or "", address.port or 0)) as line:
        line.sendall(f'{head}{{"Do"'.encode())
        line.shutdown(socket.SHUT_WR)
        assert line.recv(1) == b""
    assert len(fake.asked) == before
