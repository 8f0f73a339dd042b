"""What a client says of each write that went wrong, and whether the forge has carried it out."""

from collections.abc import Callable
from typing import Any

import pytest

from forges.choices import CheckState, MergeMethod
from forges.clients import http, limits
from forges.clients.base import Client
from forges.errors import (
    ForgeError,
    HeadMoved,
    Limited,
    NotAllowed,
    NotMergeable,
    Refused,
    Unavailable,
)
from tests.support.forges import FakeForge, Pull, answers
from tests.support.waiting import wait_for

pytestmark = pytest.mark.server  # git runs

PATH = "acme/shop"
KINDS = ["merge", "close", "comment", "review", "assign", "branch", "status"]


@pytest.fixture
def pull(fake: FakeForge) -> Pull:
    fake.account("maria")
    return fake.bump(fake.repository(PATH))


@pytest.fixture
def write(client: Client, pull: Pull) -> Callable[[str], object]:
    """Return what writes in each of the ways."""
    number, head = pull.number, pull.head_sha
    status: dict[str, Any] = {"state": CheckState.SUCCESS, "description": "x", "url": "http://c/"}
    ways: dict[str, Callable[[], object]] = {
        "merge": lambda: client.merge(PATH, number, head_sha=head, method=MergeMethod.SQUASH),
        "close": lambda: client.close(PATH, number),
        "comment": lambda: client.comment(PATH, number, "Rejected."),
        "review": lambda: client.request_changes(PATH, number, head_sha=head, text="Pin it."),
        "assign": lambda: client.assign(PATH, number, "maria"),
        "branch": lambda: client.delete_branch(PATH, pull.branch),
        "status": lambda: client.set_status(PATH, head, **status),
    }
    return lambda kind: ways[kind]()


def carried_out(fake: FakeForge, pull: Pull, kind: str) -> int:
    """Return how often the forge did it."""
    return len(pull.repo.statuses) if kind == "status" else len(fake.ledger.of(pull.number, kind))


@pytest.mark.parametrize("kind", KINDS)
def test_write_without_a_fault_is_carried_out_once(
    fake: FakeForge, pull: Pull, write: Callable[[str], object], kind: str
) -> None:
    write(kind)
    assert carried_out(fake, pull, kind) == 1
    assert fake.ledger.done_twice() == {}


@pytest.mark.parametrize("kind", KINDS)
def test_write_whose_answer_is_dropped_was_carried_out(
    fake: FakeForge, pull: Pull, write: Callable[[str], object], kind: str
) -> None:
    fault = fake.fault(on=kind, drop=True)
    with pytest.raises(Unavailable):
        write(kind)
    assert (fault.happened, carried_out(fake, pull, kind)) == (1, 1)


@pytest.mark.parametrize("kind", KINDS)
def test_write_that_is_answered_late_may_be_carried_out_later(
    fake: FakeForge,
    pull: Pull,
    write: Callable[[str], object],
    kind: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(http, "WRITE_SECONDS", 0.5)
    fake.fault(on=kind, delay=1)
    with pytest.raises(Unavailable):
        write(kind)
    wait_for(lambda: carried_out(fake, pull, kind) == 1, "the forge to do it")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("status", "meaning"),
    [(500, Unavailable), (429, Limited), (403, NotAllowed)],
)
def test_refused_write_was_not_carried_out_and_is_again_later(
    fake: FakeForge,
    pull: Pull,
    write: Callable[[str], object],
    kind: str,
    status: int,
    meaning: type[ForgeError],
) -> None:
    fault = fake.fault(on=kind, reply=answers(status), times=2)
    for _ in range(2):
        with pytest.raises(meaning):
            write(kind)
        limits.forget()
    assert carried_out(fake, pull, kind) == 0
    write(kind)
    assert (fault.happened, carried_out(fake, pull, kind)) == (2, 1)


def test_limit_has_the_time_that_the_forge_names(
    fake: FakeForge, client: Client, pull: Pull
) -> None:
    fake.fault(on="comment", reply=answers(429, Retry_After="3600"))
    with pytest.raises(Limited):
        client.comment(PATH, pull.number, "Rejected.")
    asked = len(fake.asked)
    with pytest.raises(Limited):
        client.comment(PATH, pull.number, "Rejected.")
    assert len(fake.asked) == asked


# -- Between the look and the merge --------------------------------------------------------------


@pytest.mark.parametrize(
    ("meanwhile", "meaning", "words"),
    [
        (lambda fake, pull: fake.push(pull, {"evil": "1\n"}, force=True), HeadMoved, "head moved"),
        (lambda fake, pull: fake.push(pull, {"evil": "1\n"}), HeadMoved, "the head moved from"),
        (lambda fake, pull: fake.merge(pull, by="maria"), Refused, "it is merged already"),
        (lambda fake, pull: fake.close(pull, by="maria"), Refused, "it is closed already"),
        (lambda fake, pull: fake.edit(pull, draft=True), NotMergeable, "not merg|405"),
        (lambda fake, pull: setattr(pull.repo, "required", ("ci",)), NotMergeable, "expected"),
        (lambda fake, pull: setattr(pull.repo, "archived", True), Refused, "archived"),
        (lambda fake, pull: setattr(pull.repo, "methods", ("merge",)), Refused, "only merge"),
    ],
    ids=["force-pushed", "pushed to", "merged", "closed", "a draft", "a check required",
         "archived", "the method forbidden"],
)  # fmt: skip
def test_merge_says_what_came_in_between(
    fake: FakeForge,
    pull: Pull,
    write: Callable[[str], object],
    meanwhile: Callable[[FakeForge, Pull], object],
    meaning: type[ForgeError],
    words: str,
) -> None:
    fault = fake.fault(on="merge", number=pull.number, before=lambda: meanwhile(fake, pull))
    with pytest.raises(meaning, match=words):
        write("merge")
    assert fault.happened == 1
    assert fake.ledger.writes == []


@pytest.mark.parametrize("status", [405, 409])
def test_refusal_for_a_while_is_waited_for(
    fake: FakeForge, pull: Pull, write: Callable[[str], object], status: int
) -> None:
    with fake.failing(on="merge", reply=answers(status)) as fault:
        for _ in range(3):
            with pytest.raises(NotMergeable):
                write("merge")
    write("merge")
    assert (fault.happened, carried_out(fake, pull, "merge")) == (3, 1)
