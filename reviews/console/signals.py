"""The few words and scores that summarise the evidence of an APV."""

from dataclasses import dataclass
from typing import Any

from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from reviews.console.apv_fields import NOT_RUN, answer
from reviews.models import APV


@dataclass(frozen=True)
class Signal:
    """One of a few words that summarise an APV; `tone` is a class of the style sheet."""

    label: Any
    word: Any
    tone: str = ""


@dataclass(frozen=True)
class Score:
    """How sure the machine is, from 0 to 1."""

    value: float

    @property
    def percent(self) -> int:
        return round(self.value * 100)

    @property
    def tone(self) -> str:
        return "good" if self.value >= 0.8 else "fair" if self.value >= 0.6 else "weak"


@dataclass(frozen=True)
class Known:
    """A signal with a result, and the machine's confidence in it, if given."""

    signal: Signal
    score: Score | None = None


def signals_of(apv: APV) -> list[Signal]:
    """Return the signals that a reviewer reads first."""
    validation = answer(apv, "validation_passed", _("Passed"), _("Not passed"))
    confirmation = answer(apv, "confirmed", _("Confirmed"), _("Not confirmed"))
    tone = "success" if apv.validation_passed else "failure"
    verdict, risk = apv.get_wargame_verdict_display(), apv.get_patch_risk_level_display()
    risk_tone = {"low": "success", "medium": "partial", "high": "failure"}
    return [
        Signal(_("Wargame"), capfirst(verdict or NOT_RUN), apv.wargame_verdict or "none"),
        Signal(_("Validation"), validation, "none" if validation == NOT_RUN else tone),
        Signal(_("Confirmation"), confirmation, "none" if confirmation == NOT_RUN else ""),
        Signal(
            _("Risk of the patch"),
            capfirst(risk or pgettext("risk", "unknown")),
            risk_tone.get(apv.patch_risk_level or "", "none"),
        ),
        Signal(_("The machine would"), *_recommendation(apv)),
    ]


def _recommendation(apv: APV) -> tuple[Any, str]:
    """Return the machine's recommendation and its tone; it has none if nothing was run."""
    said = apv.recommendation
    return (NOT_RUN, "none") if said is None else (capfirst(said.label), "")


def known_of(apv: APV, signals: list[Signal]) -> list[Known]:
    """Return what is known of an APV with `signals`, without what was not run."""
    wargame, validation, confirmation, *others = signals
    scored = [
        Known(wargame, _score(apv.wargame_confidence)),
        Known(validation, _score(apv.validation_confidence)),
        Known(confirmation, _score(apv.confirmation_confidence)),
        *(Known(one) for one in others),
    ]
    return [one for one in scored if one.signal.tone != "none" or one.score]


def _score(value: float | None) -> Score | None:
    return None if value is None else Score(value)
