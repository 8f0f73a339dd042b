"""What would become of each of many APVs, as the question before a batch shows it, sealed."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

from django.core import signing
from django.utils.crypto import constant_time_compare
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from reviews.batches.actions import Action
from reviews.batches.running import reasons
from reviews.batches.starting import Chosen
from reviews.choices import Severity
from reviews.console import confidence
from reviews.console.many.selection import value_of
from reviews.console.question import Caution, Question
from reviews.decision_kinds import DecisionKind
from reviews.errors import NotConfirmed, ReviewError
from reviews.models import APV
from reviews.placeholders import filled_in, has_placeholders

SIGNER = signing.Signer(salt="reviews.console.many")


@dataclass(frozen=True)
class LeftOut:
    """An APV that the action is not possible with, and why."""

    apv: APV
    reason: str


@dataclass(frozen=True)
class Line:
    """An APV that the action is done with, and what to know of it before."""

    chosen: Chosen
    cautions: list[Caution]

    @property
    def apv(self) -> APV:
        return self.chosen.apv


@dataclass(frozen=True)
class Plan:
    """An action on the chosen APVs by `user`, with `given`: the justification and how sure.

    `batch_id` is the id of the batch that the answer starts, so that none starts twice.
    """

    action: Action
    user: Any
    chosen: list[Chosen]
    given: dict[str, Any]
    batch_id: UUID = field(default_factory=uuid4)

    @cached_property
    def _judged(self) -> list[Line | LeftOut]:
        return [self._judge(one) for one in self.chosen]

    def _judge(self, one: Chosen) -> Line | LeftOut:
        try:
            self.action.check(one.apv, self.user, {**self.given, "version": one.version})
        except ReviewError as error:
            return LeftOut(one.apv, reasons(error))
        return Line(one, self._cautions(one.apv))

    def _cautions(self, apv: APV) -> list[Caution]:
        if self.action.kind is None:
            return []
        return Question(apv, self.user, {"decision": self.action.kind, **self.given}).cautions

    @cached_property
    def lines(self) -> list[Line]:
        return [one for one in self._judged if isinstance(one, Line)]

    @cached_property
    def left_out(self) -> list[LeftOut]:
        return [one for one in self._judged if isinstance(one, LeftOut)]

    @property
    def count(self) -> int:
        return len(self.lines)

    @property
    def effect(self) -> str:
        return effect_of(self.action.kind, self.count) if self.action.kind else ""

    @property
    def severities(self) -> list[tuple[str, Any, int]]:
        """Return how many APVs of each severity there are, the gravest first."""
        counts = Counter(one.apv.severity for one in self.lines)
        return [(one.value, one.label, counts[one]) for one in Severity if counts[one]]

    @property
    def cautions(self) -> list[tuple[Caution, int]]:
        """Return what not to overlook, each with the number of APVs that it is about."""
        counts = Counter((one.summary, one.tone) for line in self.lines for one in line.cautions)
        ranked = sorted(counts.items(), key=lambda found: (found[0][1] != "bad", -found[1]))
        return [(Caution(text, tone), count) for (text, tone), count in ranked]

    @property
    def confidence(self) -> str:
        return confidence.in_words(self.given["confidence"])

    @property
    def example(self) -> str:
        """Return the justification as the first APV gets it, "" if all get the same."""
        text = self.given["justification"]
        if not self.lines or not has_placeholders(text):
            return ""
        return filled_in(text, self.lines[0].apv, self.user)

    @property
    def fields(self) -> Iterator[tuple[str, str]]:
        """Return the fields of the answer: exactly what was shown, and its seal."""
        values = [_value(line.chosen) for line in self.lines]
        yield "seal", SIGNER.sign(self._digest(values))
        yield "batch", str(self.batch_id)
        yield "decision", self.action.name
        yield "justification", self.given["justification"]
        stated = self.given["confidence"]
        yield "confidence", "" if stated is None else repr(stated)
        yield from (("apv", value) for value in values)

    def check_seal(self, text: str) -> None:
        """Raise NotConfirmed unless `text` is the seal of a question about exactly this."""
        try:
            sealed = SIGNER.unsign(text)
        except signing.BadSignature:
            sealed = ""
        if not constant_time_compare(sealed, self._digest(map(_value, self.chosen))):
            raise NotConfirmed

    def _digest(self, values: Iterable[str]) -> str:
        about = {
            "batch": str(self.batch_id),
            "user": self.user.pk,
            "action": self.action.name,
            "apvs": list(values),
            **self.given,
        }
        return hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()


def _value(one: Chosen) -> str:
    return value_of(one.apv.apv_code, one.version)


def effect_of(kind: DecisionKind, count: int) -> str:
    """Return what so many decisions of a kind do, in a sentence."""
    match kind:
        case DecisionKind.APPROVE:
            text = ngettext(
                "{count} pull request is to be merged.",
                "{count} pull requests are to be merged.",
                count,
            )
        case DecisionKind.REJECT:
            text = ngettext(
                "{count} pull request is to be closed, unmerged.",
                "{count} pull requests are to be closed, unmerged.",
                count,
            )
        case DecisionKind.ESCALATE:
            text = ngettext(
                "A lead is to decide on {count} APV.", "A lead is to decide on {count} APVs.", count
            )
        case _:
            text = _("They leave the queue; there is nothing to merge or close.")
    return text.format(count=count)
