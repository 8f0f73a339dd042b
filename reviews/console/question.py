"""The question before a decision: it shows what the server will record, and seals it.

The answer carries the seal. The server does not record an answer that differs in anything from the
question. It asks none where there is nothing to know before a decision that can be undone.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.core import signing
from django.utils.crypto import constant_time_compare
from django.utils.functional import cached_property
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.names import display_name
from reviews import claims
from reviews.choices import (
    RiskLevel,
    Status,
    WargameVerdict,
)
from reviews.console import confidence
from reviews.console.changes import Difference
from reviews.console.effects import effect
from reviews.decision_kinds import RECOMMENDABLE, DecisionKind
from reviews.errors import NotConfirmed
from reviews.models import APV
from reviews.policies.explaining import Explanation

SEAL, GO_BACK = "question", "back"
"""The field of an answer that has the seal, and the one that goes back to the form instead."""
SIGNER = signing.Signer(salt="reviews.console.question")
SEALED = (
    *("version", "decision", "justification", "confidence", "modifications"),
    *("escalate_to_user", "escalate_to_group"),
)
"""What a question shows of a decision, besides the APV and the user that it asks."""


def seal(user: Any, apv: APV, given: dict[str, Any]) -> str:
    """Return the signed digest of a question to `user` about `apv`."""
    return SIGNER.sign(_digest(user, apv, given))


def check_seal(text: str, user: Any, apv: APV, given: dict[str, Any]) -> None:
    """Raise NotConfirmed unless `text` is the seal of exactly this question."""
    try:
        sealed = SIGNER.unsign(text)
    except signing.BadSignature:
        sealed = ""
    if not constant_time_compare(sealed, _digest(user, apv, given)):
        raise NotConfirmed


def _digest(user: Any, apv: APV, given: dict[str, Any]) -> str:
    about = {"user": user.pk, "apv": str(apv.pk), **{name: given[name] for name in SEALED}}
    return hashlib.sha256(_as_json(about).encode()).hexdigest()


def _as_json(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def addressee_as_value(given: dict[str, Any]) -> str:
    """Return whom an escalation is for, as the form sends it: `user:lena`, `group:leads` or ""."""
    for kind in ("user", "group"):
        if name := given[f"escalate_to_{kind}"]:
            return f"{kind}:{name}"
    return ""


@dataclass(frozen=True)
class Caution:
    """A reason against a decision, or something to know before making it.

    `kind` is the text without what only one APV has, where many are asked about together.
    """

    text: Any
    tone: str = "warn"
    kind: Any = ""

    @property
    def summary(self) -> str:
        return str(self.kind or self.text)


@dataclass(frozen=True)
class Question:
    """A decision that `user` is about to make on `apv`, as the question shows it."""

    apv: APV
    user: Any
    given: dict[str, Any]
    changed: Sequence[Difference] = ()
    seen: str = ""
    since: str = ""

    @property
    def kind(self) -> DecisionKind:
        return DecisionKind(self.given["decision"])

    @property
    def is_needless(self) -> bool:
        """Return whether there is nothing to know before this decision, which can be undone.

        Somebody who escalates an APV has doubts, which is something to know.
        """
        if not settings.HITL_UNDO_SECONDS or self.apv.status != Status.PENDING:
            return False
        return not (self.changed or self.follows or self.cautions)

    @property
    def effect(self) -> str:
        said = str(capfirst(effect(self.apv, self.kind)))
        return f"{said}: {self.follows}" if self.follows else said

    @cached_property
    def follows(self) -> str:
        """Return what policies make of an approval, "" if that is all that is needed."""
        if self.kind != DecisionKind.APPROVE:
            return ""
        return Explanation(self.apv, self.user).follows

    @property
    def addressee(self) -> str:
        """Return the user name or the group that an escalation is for, "" if for any lead."""
        return str(self.given["escalate_to_user"] or self.given["escalate_to_group"])

    @property
    def confidence(self) -> Any:
        return confidence.in_words(self.given["confidence"])

    @property
    def fields(self) -> Iterator[tuple[str, str]]:
        """Return the fields of the answer: the exact decision, and its seal."""
        yield SEAL, seal(self.user, self.apv, self.given)
        yield "version", str(self.given["version"])
        yield "decision", self.kind.value
        yield "justification", self.given["justification"]
        stated = self.given["confidence"]
        yield "confidence", "" if stated is None else repr(stated)
        modifications = self.given["modifications"]
        yield "modifications", _as_json(modifications) if modifications else ""
        yield "escalate_to", addressee_as_value(self.given)
        yield "seen", self.seen
        yield "since", self.since

    @cached_property
    def cautions(self) -> list[Caution]:
        """Return what a reviewer must not overlook in the evidence."""
        found = [*_of_wargame(self.apv), *_of_validation(self.apv)]
        if (claim := claims.claim_of(self.apv)) and claim.user_id != self.user.pk:
            message = _("{name} has claimed it and may be at work on it.")
            found.insert(0, Caution(message.format(name=display_name(claim.user))))
        if self.apv.submitted_by_id == self.user.pk:
            found.insert(0, Caution(_("You added this APV yourself.")))
        if self.apv.patch_risk_level == RiskLevel.HIGH:
            found.append(Caution(_("The risk of the patch is high.")))
        said = self.apv.recommendation
        if said is not None and self.kind != said:
            tone = "bad" if self.kind in RECOMMENDABLE else "warn"
            message = _("The machine would decide otherwise: {verb}.")
            found.append(Caution(message.format(verb=said.label), tone))
        return found


def _of_wargame(apv: APV) -> Iterator[Caution]:
    match apv.wargame_verdict:
        case None:
            yield Caution(_("No wargame was run."))
        case WargameVerdict.PARTIAL:
            yield Caution(_("The wargame was a partial success only."))
        case WargameVerdict.FAILURE:
            yield Caution(_("The wargame failed."), "bad")
        case WargameVerdict.INCONCLUSIVE:
            yield Caution(_("The wargame was inconclusive."))


def _of_validation(apv: APV) -> Iterator[Caution]:
    if not apv.was_validated:
        yield Caution(_("No validation was run."))
    elif not apv.validation_passed:
        yield Caution(_("The validation did not pass."), "bad")
    if count := len(apv.validation_warnings):
        text = ngettext(
            "{count} warning of the validation", "{count} warnings of the validation", count
        )
        said = f"{text.format(count=count)}: {_shortened(apv.validation_warnings[0])}"
        yield Caution(said, kind=_("The validation warned."))


def _shortened(text: str, most: int = 160) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
