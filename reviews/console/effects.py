"""What a decision sets in motion, in words. The console records and tells it; others do it."""

from reviews.decision_kinds import DecisionKind
from reviews.models import APV


def effect(apv: APV, kind: str) -> str:
    """Return what follows when `apv` is decided so."""
    return str(DecisionKind(kind).traits.effect).format(number=apv.pr_number)
