"""Compare what the console has recorded of decisions with what a forge did."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, fields
from typing import Any, NamedTuple

from forges.clients.base import STATUS_NAME
from tests.support.forges import ACCOUNT, FakeForge, Pull
from tests.support.forges.watched import PATH

Rows = Callable[..., list[tuple[Any, ...]]]
"""Runs SQL with parameters: `Site.rows`."""
EFFECTS = """
SELECT effect.id::text, effect.decision_id::text, effect.kind, effect.state, effect.head_commit,
    effect.merged_commit, effect.answer, pull.number, pull.state, pull.head_sha,
    apv.status, apv.pull_request_state, coalesce(gate.head_commit, ''), coalesce(gate.state, ''),
    retraction.id IS NOT NULL,
    extract(epoch FROM effect.changed_at - decision.decided_at)::float
FROM reviews_effect AS effect
JOIN reviews_decision AS decision ON decision.decision_id = effect.decision_id
JOIN reviews_apv AS apv ON apv.apv_id = decision.apv_id
JOIN forges_pullrequest AS pull ON pull.id = apv.pull_request_id
JOIN forges_repository AS repository ON repository.id = pull.repository_id
LEFT JOIN reviews_gate AS gate ON gate.apv_id = apv.apv_id
LEFT JOIN reviews_retraction AS retraction ON retraction.decision_id = decision.decision_id
WHERE repository.forge_id = (SELECT id FROM forges_forge WHERE name = %s) ORDER BY effect.created_at
"""
ENDED = ("done", "refused", "failed", "cancelled")
WORDS = {"failed": "failure", "error": "failure"}
"""A forge's words for the state of a status, where they differ from the console's."""


class Recorded(NamedTuple):
    """An effect, its pull request and its APV, as the console has recorded them."""

    id: str
    decision_id: str
    kind: str
    state: str
    head_commit: str
    merged_commit: str
    answer: str
    number: int
    pull_state: str
    head_sha: str
    apv_status: str
    apv_pull_state: str
    gate_commit: str
    gate_state: str
    retracted: bool
    seconds: float

    @property
    def ended(self) -> bool:
        return self.state in ENDED


@dataclass
class Outcome:
    """What became of decisions; all but the last must be 0."""

    lost: int = 0  # decisions without an effect, or with one that did not end, or without a reason
    twice: int = 0  # changes that the forge carried out more than once
    unapproved: int = 0  # merges of a commit that nobody had approved, or that was taken back
    differing: int = 0  # records that are not as the forge has it
    longest: float = 0  # seconds from a decision to the end of its effect

    @property
    def clean(self) -> bool:
        return not (self.lost or self.twice or self.unapproved or self.differing)

    def add(self, other: "Outcome") -> None:
        for one in fields(self):
            join = max if one.name == "longest" else int.__add__
            setattr(self, one.name, join(getattr(self, one.name), getattr(other, one.name)))


def recorded(rows: Rows, forge: str) -> list[Recorded]:
    """Return the effects on the forge with a name."""
    return [Recorded(*row) for row in rows(EFFECTS, forge)]


def compare(
    effects: list[Recorded], fake: FakeForge, decisions: Iterable[str] = ()
) -> tuple[Outcome, list[str]]:
    """Return what became of the effects of `decisions` on a forge, and each fault in words."""
    outcome = Outcome(longest=max((one.seconds for one in effects), default=0.0))
    faults = []
    for kind, found in (
        ("lost", _lost(effects, fake, decisions)),
        ("twice", _twice(fake)),
        ("unapproved", _unapproved(effects, fake)),
        ("differing", _differing(effects, fake)),
    ):
        words = [f"{fake.kind}: {kind}: {one}" for one in found]
        setattr(outcome, kind, len(words))
        faults += words
    return outcome, faults


# -- Lost -------------------------------------------------------------------------------------


def _lost(effects: list[Recorded], fake: FakeForge, decisions: Iterable[str]) -> Iterator[str]:
    known = {one.decision_id for one in effects}
    yield from (f"decision {one} has no effect" for one in decisions if one not in known)
    for one in effects:
        if not one.ended:
            yield f"{one.kind} of #{one.number} is {one.state}: {one.answer}"
        elif one.state in {"refused", "failed"} and not _is_against(one, pull_of(fake, one)):
            yield f"{one.kind} of #{one.number} was {one.state} without need: {one.answer}"


def _is_against(effect: Recorded, pull: Pull) -> bool:
    """Return whether what happened to a pull request keeps an effect from being carried out."""
    by_others = pull.ended_by is not None and pull.ended_by.login != ACCOUNT
    return by_others or pull.head_sha != effect.head_commit


# -- Twice ------------------------------------------------------------------------------------


def _twice(fake: FakeForge) -> Iterator[str]:
    for write, count in fake.ledger.done_twice().items():
        for _ in range(count - 1):
            yield f"{write.kind} of #{write.number} at {write.head_sha[:8]}"


# -- Unapproved -------------------------------------------------------------------------------


def _unapproved(effects: list[Recorded], fake: FakeForge) -> Iterator[str]:
    approved = {
        (one.number, one.head_commit)
        for one in effects
        if one.kind == "merge" and not one.retracted
    }
    for write in fake.ledger.writes:
        asked = write.kind in {"merge", "enqueue"} and write.account == ACCOUNT
        if asked and (write.number, write.head_sha) not in approved:
            yield f"{write.kind} of #{write.number} at {write.head_sha[:8]}"


# -- Differing --------------------------------------------------------------------------------


def _differing(effects: list[Recorded], fake: FakeForge) -> Iterator[str]:
    for one in effects:
        happened = 0 if _was_decided_again(one, effects) else _happened(one, fake)
        for fault in _faults_of(one, pull_of(fake, one), happened):
            said = f"({one.state}; {one.answer})" if one.answer else f"({one.state})"
            yield f"{one.kind} of #{one.number}: {fault} {said}"


def _was_decided_again(one: Recorded, effects: list[Recorded]) -> bool:
    """Return whether the merge of a later decision did what an approval asked that was undone."""
    wanted = (one.kind, one.number, one.head_commit)
    return (one.kind, one.state) == ("merge", "cancelled") and any(
        other.state == "done" and (other.kind, other.number, other.head_commit) == wanted
        for other in effects
    )


def _faults_of(one: Recorded, pull: Pull, happened: int) -> Iterator[str]:
    if (one.pull_state, one.head_sha) != (pull.state, pull.head_sha):
        yield f"it is {one.pull_state} at {one.head_sha[:8]}, there {pull.state}"
    if one.apv_pull_state != pull.state:
        yield f"its APV says {one.apv_pull_state}, the forge {pull.state}"
    if one.state == "done" and not _is_as_done(one, pull, happened):
        yield f"done, but there it is {pull.state} ({pull.merged_sha[:8]})"
    if one.state in {"refused", "failed", "cancelled"} and happened:
        yield "not done, but the forge did it"
    if one.state == "done" and one.kind == "merge" and one.apv_status != "approved":
        yield f"merged, but its APV is {one.apv_status}"
    shown = _gate_shown(pull)
    if one.gate_commit == pull.head_sha and one.gate_state != shown:
        yield f"its gate is {one.gate_state}, there {shown}"


def _is_as_done(one: Recorded, pull: Pull, happened: int) -> bool:
    if one.kind == "merge":
        merged = (pull.state, pull.head_sha, pull.merged_sha)
        return merged == ("merged", one.head_commit, one.merged_commit)
    if one.kind == "close":
        return pull.state == "closed"
    return happened > 0


def _happened(one: Recorded, fake: FakeForge) -> int:
    """Return how often the forge did for the console what an effect asks for.

    A close has the same words for all decisions, so what shows it is its comment.
    """
    writes = [write for write in fake.ledger.of(one.number) if write.account == ACCOUNT]
    if one.kind == "merge":
        merges = [write for write in writes if write.kind == "merge"]
        return sum(write.head_sha == one.head_commit for write in merges)
    if one.kind == "close":
        return _closes_after(one, fake)
    return sum(one.id in write.text for write in writes)


def _closes_after(one: Recorded, fake: FakeForge) -> int:
    """Return how often the console closed a pull request after the comment of an effect."""
    told, closes = False, 0
    for write in fake.ledger.of(one.number):
        if write.account == ACCOUNT and write.kind == "comment":
            told = one.id in write.text
        closes += write.account == ACCOUNT and write.kind == "close" and told
    return closes


def _gate_shown(pull: Pull) -> str:
    """Return the state of the console's status on the head of a pull request, "" if none."""
    of_head = (one for one in pull.repo.statuses if one.sha == pull.head_sha)
    shown = [one.state for one in of_head if one.name == STATUS_NAME]
    return WORDS.get(shown[-1], shown[-1]) if shown else ""


def pull_of(fake: FakeForge, one: Recorded) -> Pull:
    return fake.repo_at(PATH).pulls[one.number]
