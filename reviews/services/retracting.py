"""Take decisions back, while nothing of them happened."""

from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from accounts.names import display_name
from audit import entries
from audit.choices import AuditAction
from forges.choices import PullRequestState
from realtime import clock
from realtime.transactions import publishing
from reviews.choices import EffectState, RevisionReason, Status
from reviews.decision_kinds import DecisionKind
from reviews.effects import records
from reviews.effects.states import STOPPED, UNBEGUN
from reviews.errors import CannotRetract, InvalidInput, NotAllowed
from reviews.locking import locked_decision, locked_effect
from reviews.models import APV, REASON_LENGTH, Decision, Effect, Retraction
from reviews.models.decision import OPEN
from reviews.orders import DECISIONS
from reviews.permissions import Permission, is_lead
from reviews.policies.rounds import round_of
from reviews.receivers import publish_change
from reviews.services.adding import save_values
from reviews.services.revising import revise

RETRACTABLE = (*UNBEGUN, *STOPPED)
ENDED = (PullRequestState.MERGED, PullRequestState.CLOSED)


def retract(*, decision_id: UUID, by: Any, reason: str) -> Retraction:
    """Take a decision back: its effect is cancelled, and its APV can be decided anew.

    Raise UnknownDecision, NotAllowed, InvalidInput or CannotRetract.
    """
    with publishing():
        decision = locked_decision(decision_id)
        effect = locked_effect(decision)
        _check(decision, effect, by, reason)
        retraction = Retraction.objects.create(
            decision=decision,
            reason=reason.strip(),
            retracted_by=by,
            retracted_by_name=display_name(by),
        )
        _cancel(effect)
        if decision.is_awaiting:
            _leave_round(decision.apv)
        else:
            _open(decision.apv)
        entries.record(
            AuditAction.RETRACTED, decision.apv.apv_code, actor=by, decision_id=str(decision.pk)
        )
    return retraction


def may_retract(user: Any, decision: Decision, effect: Effect | None) -> bool:
    """Return whether `user` may take a decision back now."""
    return _is_allowed(user, decision) and not _obstacle(decision, effect)


def _is_allowed(user: Any, decision: Decision) -> bool:
    """Return whether a user has the right to take a decision back: a lead, or who decided."""
    is_own = decision.reviewer_id == user.pk and user.has_perm(Permission.DECIDE_APV)
    return is_own or is_lead(user)


def _check(decision: Decision, effect: Effect | None, by: Any, reason: str) -> None:
    if not _is_allowed(by, decision):
        raise NotAllowed(_("Only who decided, or a lead, takes a decision back."))
    least, most = REASON_LENGTH
    if not least <= len(reason.strip()) <= most:
        message = _("Write {least} to {most} characters.")
        raise InvalidInput({"reason": [message.format(least=least, most=most)]})
    if obstacle := _obstacle(decision, effect):
        raise CannotRetract(obstacle)


def _obstacle(decision: Decision, effect: Effect | None) -> str:
    """Return why a decision cannot be taken back, "" if it can."""
    if Retraction.objects.filter(decision=decision).exists():
        return _("It was taken back already.")
    if decision.is_awaiting and decision.apv.status not in OPEN:
        return _("It is too late: others have completed or ended the approvals.")
    if not decision.is_in_force:
        return _("It is not in force any more: the APV changed or was decided on again.")
    if decision.apv.pull_request_state in ENDED:
        message = _("It is too late: the pull request is {state}.")
        return message.format(state=decision.apv.get_pull_request_state_display())
    if decision.is_awaiting:
        return ""  # nothing happens of it alone
    if effect is None or effect.state == EffectState.EXTERNAL:
        return "" if _is_recent(decision) else _("It is too late: it may have been carried out.")
    if effect.state not in RETRACTABLE:
        message = _("It is too late: the effect is {state}.")
        return message.format(state=effect.get_state_display())
    return ""


def _is_recent(decision: Decision) -> bool:
    """Return whether the time is not over in which others leave a decision alone."""
    until = records.held_until(decision)
    return until is not None and clock.now() < until


def _cancel(effect: Effect | None) -> None:
    if effect is not None:
        records.move(effect, EffectState.CANCELLED, next_at=None)


def _leave_round(apv: APV) -> None:
    """Count the approvals of an APV again, one of which was taken back; the others stay."""
    evaluation = round_of(apv).evaluation
    counts = {"approvals": evaluation.approvals, "approvals_needed": evaluation.needed}
    save_values(apv, counts)
    publish_change(apv, "approval")


def _open(apv: APV) -> None:
    """Begin the next revision of an APV, which can be decided on."""
    status = Status.ESCALATED if _is_with_leads(apv) else Status.PENDING
    revise(apv, {}, RevisionReason.RETRACTED)
    save_values(apv, {"status": status})
    publish_change(apv, "retracted")


def _is_with_leads(apv: APV) -> bool:
    """Return whether an APV is escalated, once its last decision was taken back."""
    last = apv.decisions.standing().without_awaiting().order_by(*DECISIONS.by).first()
    if last is None or last.decision != DecisionKind.ESCALATE:
        return False
    later = apv.revisions.filter(number__gt=last.revision)
    return not later.filter(reason=RevisionReason.REOPENED).exists()
