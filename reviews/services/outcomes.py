"""What becomes of decisions after they were made: reported by pipelines, or tried again."""

from typing import Any, Literal
from uuid import UUID

from django.utils.translation import gettext as _

from audit import entries
from audit.choices import AuditAction
from realtime import clock
from realtime.transactions import publishing
from reviews.choices import EffectState
from reviews.effects import records
from reviews.effects.states import STOPPED
from reviews.errors import NotAllowed, OutcomeIsSettled
from reviews.locking import locked_decision, locked_effect
from reviews.models import Decision, Effect
from reviews.permissions import Permission, is_lead

Outcome = Literal["done", "failed"]


def report_outcome(
    *, decision_id: UUID, by: Any, outcome: Outcome, notes: str = "", url: str = ""
) -> Effect:
    """Record once what a pipeline did of a decision that the console leaves to others.

    Raise UnknownDecision, NotAllowed or OutcomeIsSettled.
    """
    with publishing():
        decision = locked_decision(decision_id)
        if not by.has_perm(Permission.REPORT_OUTCOME):
            raise NotAllowed(_("You may not report outcomes."))
        effect = locked_effect(decision)
        if effect is None or effect.state != EffectState.EXTERNAL:
            raise OutcomeIsSettled(effect)
        state = EffectState.DONE if outcome == "done" else EffectState.FAILED
        records.move(effect, state, answer=notes, outcome_url=url)
        entries.record(
            AuditAction.OUTCOME_REPORTED,
            decision.apv.apv_code,
            actor=by,
            decision_id=str(decision.pk),
            outcome=outcome,
        )
    return effect


def try_again(*, decision_id: UUID, by: Any) -> Decision:
    """Have an effect carried out again that was refused or failed.

    Raise UnknownDecision, NotAllowed or OutcomeIsSettled.
    """
    with publishing():
        decision = locked_decision(decision_id)
        if not is_lead(by):
            raise NotAllowed(_("Only leads have a decision carried out again."))
        effect, now = locked_effect(decision), clock.now()
        if effect is None or not _can_be_tried_again(decision, effect):
            raise OutcomeIsSettled(effect)
        times = {"next_at": now, "due_at": now}
        records.move(effect, EffectState.QUEUED, **times, in_merge_queue=False)
        records.have_carried_out(effect)
        entries.record(
            AuditAction.TRIED_AGAIN, decision.apv.apv_code, actor=by, decision_id=str(decision.pk)
        )
    return decision


def may_try_again(user: Any, decision: Decision, effect: Effect | None) -> bool:
    """Return whether `user` may have a decision carried out again now."""
    return is_lead(user) and effect is not None and _can_be_tried_again(decision, effect)


def _can_be_tried_again(decision: Decision, effect: Effect) -> bool:
    """Return whether an effect did not happen, and its decision still is what is wanted."""
    is_stopped = effect.state in STOPPED
    return is_stopped and decision.is_in_force and decision.apv.watched_repository is not None
