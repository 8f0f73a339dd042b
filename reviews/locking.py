"""Rows for writers, locked in the order of all: the APV first, then what belongs to it."""

from functools import cache
from uuid import UUID, uuid4

from realtime.compiled_queries import CompiledQuery
from reviews.errors import UnknownAPV, UnknownDecision
from reviews.models import APV, Decision, Effect


def locked_apv(apv_id: UUID, *also: str) -> APV:
    """Return an APV with its pull request and what `also` names; its row alone is locked.

    Raise UnknownAPV.
    """
    for apv in _locking(*also).rows(apv_id):
        return apv
    raise UnknownAPV(apv_id)


@cache
def _locking(*also: str) -> CompiledQuery[APV]:
    rows = APV.objects.with_pull_request().select_for_update(of=("self",))
    rows = rows.select_related(*also) if also else rows
    return CompiledQuery(lambda apv_id: rows.filter(pk=apv_id), sample=uuid4())


def locked_decision(decision_id: UUID) -> Decision:
    """Return a decision with its APV, which is locked. Raise UnknownDecision."""
    found = Decision.objects.select_related("retraction").filter(pk=decision_id).first()
    if found is None:
        raise UnknownDecision(decision_id)
    found.apv = locked_apv(found.apv_id)
    return found


def locked_effect(decision: Decision) -> Effect | None:
    """Return the effect of a decision whose APV is locked, None if there is nothing to do."""
    effect = Effect.objects.select_for_update().filter(decision=decision).first()
    if effect is not None:
        effect.decision = decision
    return effect
