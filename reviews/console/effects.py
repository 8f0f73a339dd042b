"""The effect of a decision, in words. The console records it; the forge is asked later."""

from django.utils.translation import gettext_lazy as _

from reviews.decision_kinds import DecisionKind
from reviews.models import APV, Decision

RECORDED = _("Your decision on {code} is recorded: {decision} – {effect}.")


def effect(apv: APV, kind: str) -> str:
    """Return the effect of deciding on `apv` in this way."""
    return str(DecisionKind(kind).traits.effect).format(number=apv.pr_number)


def recorded_words(decision: Decision) -> dict[str, str]:
    """Return what was decided and what it does, for RECORDED."""
    return {
        "decision": decision.get_decision_display(),
        "effect": effect(decision.apv, decision.decision),
    }


def recorded(decision: Decision) -> str:
    """Return the sentence that a decision was recorded."""
    code = decision.apv.apv_code
    return str(RECORDED).format(code=code, **recorded_words(decision))
