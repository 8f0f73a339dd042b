"""The effect of a decision, in words. The console records it; the forge is asked later."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from reviews.decision_kinds import DecisionKind
from reviews.models import APV, Decision

RECORDED = gettext_lazy("Your decision on {code} is recorded: {decision} – {effect}.")


def effect(apv: APV, kind: str) -> str:
    """Return the effect of deciding on `apv` in this way."""
    return str(DecisionKind(kind).traits.effect).format(number=apv.pr_number)


def effect_of(decision: Decision) -> str:
    """Return the effect of a decision that was made; an approval that waits has none yet."""
    if decision.is_awaiting:
        return _("more approvals are needed, {count} of {needed} are there").format(
            count=decision.apv.approvals, needed=decision.apv.approvals_needed
        )
    return effect(decision.apv, decision.decision)


def recorded_words(decision: Decision) -> dict[str, str]:
    """Return what was decided and what it does, for RECORDED."""
    return {
        "decision": decision.get_decision_display(),
        "effect": effect_of(decision),
    }


def recorded(decision: Decision) -> str:
    """Return the sentence that a decision was recorded."""
    code = decision.apv.apv_code
    return str(RECORDED).format(code=code, **recorded_words(decision))
