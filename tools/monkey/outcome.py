"""The result of a run: each confirmed question, each form that was sent, and their outcome."""

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from tests.support.site import Site

SEAL = re.compile(r'name="question"\r\n\r\n(\S+)\r\n')
DECISIONS = """
SELECT apv_code, decision, justification, decision.confidence, modifications, reviewer_name = %s
FROM reviews_decision AS decision JOIN reviews_apv USING (apv_id)
"""
ALREADY = {403: "escalated meanwhile: only leads decide on it", 409: "decided meanwhile"}
"""Why the server may refuse, by status: somebody decided while the question was open."""

Recorded = tuple[str, str, float | None, dict[str, Any]]
"""Of a decision the kind, the justification, the confidence and the modifications."""


@dataclass(frozen=True)
class Confirmed:
    """What a question showed when it was answered."""

    code: str
    kind: str
    justification: str | None
    confidence: str | None
    modifications: list[list[str]]
    seal: str

    @classmethod
    def of(cls, told: dict[str, Any]) -> "Confirmed":
        label, code = told["title"].strip().rstrip("?").split()
        names = ("justification", "confidence", "modifications", "seal")
        return cls(code=code, kind=label.lower(), **{name: told[name] for name in names})

    def is_recorded_as(self, recorded: Recorded) -> bool:
        kind, justification, confidence, modifications = recorded
        percent = "not said" if confidence is None else f"{round(100 * confidence)} %"
        pairs = [[key, str(value)] for key, value in modifications.items()]
        return (
            kind == self.kind
            and justification == self.justification
            and (self.confidence or "").endswith(percent)
            and sorted(pairs) == sorted(self.modifications)
        )


@dataclass(frozen=True)
class Sent:
    """What a form showed when it was sent. It is recorded at once if there is nothing to ask."""

    code: str
    kind: str | None
    justification: str
    confidence: str | None
    modifications: list[list[str]]

    def is_recorded_as(self, recorded: Recorded) -> bool:
        kind, justification, confidence, modifications = recorded
        pairs = [[key, str(value)] for key, value in modifications.items()]
        stated = float(self.confidence) if self.confidence else None
        return (kind, justification, confidence) == (
            self.kind,
            self.justification,
            stated,
        ) and sorted(pairs) == sorted(self.modifications)


@dataclass
class Answer:
    """A confirmed question on its way to the server; `status` is 0 until the server answers."""

    seal: str
    status: int = 0

    @classmethod
    def to(cls, body: str | None) -> "Answer | None":
        """Return the answer in a request of this body, if it has one."""
        found = SEAL.search(body or "")
        return cls(found[1]) if found else None


@dataclass
class Outcome:
    """The result of a run; `differing` and `lost` are empty if all is well."""

    actions: int = 0
    confirmed: list[Confirmed] = field(default_factory=list)
    sent: list[Sent] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    decisions: int = 0
    recorded: int = 0
    at_once: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    unsent: int = 0
    again: int = 0
    lost: list[str] = field(default_factory=list)
    differing: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    @property
    def is_well(self) -> bool:
        """Return whether each decision is what was confirmed or sent, and no question is lost."""
        accounted = self.recorded + self.refused.total() + self.unsent + self.again
        decided = self.recorded + self.at_once
        adds_up = accounted == len(self.confirmed) and decided == self.decisions
        return adds_up and not (self.lost or self.differing or self.errors)

    def __str__(self) -> str:
        refused = "".join(f"\n  refused, {why}: {n}" for why, n in sorted(self.refused.items()))
        return (
            f"{self.actions} actions, {len(self.confirmed)} questions confirmed: "
            f"{self.recorded} recorded, {self.refused.total()} refused, {self.unsent} never sent, "
            f"{self.again} sent again, {len(self.lost)} lost; {self.at_once} recorded at once; "
            f"{self.decisions} decisions recorded, {len(self.differing)} differing{refused}"
        )


def compare(outcome: Outcome, site: Site, reviewer: str) -> None:
    """Find the question or the form of each decision of `reviewer`, and what came of each."""
    rows = site.rows(DECISIONS, reviewer)
    decided = {code for code, *_ in rows}
    own: dict[str, list[Recorded]] = {}
    for code, *row in rows:
        if row[4]:
            own.setdefault(code, []).append(tuple(row[:4]))  # several, if the key of Undo came
    outcome.decisions = sum(map(len, own.values()))
    unmatched = {code: [*made] for code, made in own.items()}
    for question in outcome.confirmed:
        _account(outcome, question, unmatched, own, question.code in decided)
    last = {one.code: one for one in outcome.confirmed}
    for code, recorded in ((code, one) for code, made in unmatched.items() for one in made):
        if any(one.code == code and one.is_recorded_as(recorded) for one in outcome.sent):
            outcome.at_once += 1
            continue
        outcome.differing.append(f"{code}: recorded {recorded}, confirmed {last.get(code)}")


def _account(
    outcome: Outcome,
    question: Confirmed,
    unmatched: dict[str, list[Recorded]],
    own: dict[str, list[Recorded]],
    is_decided: bool,
) -> None:
    """Record the outcome of a question; one that was refused without a reason is lost."""
    answer = _take(outcome.answers, question.seal)
    status = answer.status if answer else None
    if status in ALREADY and is_decided:
        outcome.refused[ALREADY[status]] += 1
    elif answer is None:
        outcome.unsent += 1
    elif made := [one for one in unmatched.get(question.code, ()) if question.is_recorded_as(one)]:
        unmatched[question.code].remove(made[0])
        outcome.recorded += 1
    elif any(question.is_recorded_as(one) for one in own.get(question.code, ())):
        outcome.again += 1
    else:
        outcome.lost.append(f"{question} was answered with {status}, and is not recorded")


def _take(answers: list[Answer], seal: str) -> Answer | None:
    found = next((one for one in answers if one.seal == seal), None)
    if found:
        answers.remove(found)
    return found
