"""The effect of a decision, in words. The console records and announces it; others act on it."""

from reviews.decision_kinds import DecisionKind
from reviews.models import APV


def effect(apv: APV, kind: str) -> str:
    """Return the effect of deciding on `apv` in this way."""
    return str(DecisionKind(kind).traits.effect).format(number=apv.pr_number)
