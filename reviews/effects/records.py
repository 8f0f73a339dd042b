"""Write what becomes of effects: the state, its message, and the audit entry of an end."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet

from audit import entries
from audit.choices import AuditAction
from jobs.deferring import defer_once
from realtime import clock
from realtime.compiled_queries import insert
from reviews.choices import EffectKind, EffectState, Status
from reviews.effects.states import CALLED_OFF, UNBEGUN
from reviews.models import APV, Decision, Effect
from reviews.receivers import publish_effect

NOW, SCHEDULED = 11, 10
"""Priorities of jobs that carry decisions out: somebody waits for them. A job waits for those with
its lock that were deferred before it, even if they are scheduled for later; so one that is to run
now has a higher priority than these."""
ALREADY_DECIDED = "a lead decided before it was said"


def make(decision: Decision, apv: APV) -> Effect | None:
    """Make the effect of a decision, with its job, in the transaction of the decision.

    Return None for a decision with nothing to carry out. If the APV has no watched repository, the
    effect is left to others.
    """
    if (kind := decision.traits.effect_kind) is None:
        return None
    effect = Effect(decision=decision, kind=kind, head_commit=decision.head_commit)
    now, until = decision.decided_at, held_until(decision)
    effect.created_at = now
    if apv.watched_repository is None:
        effect.change_state(EffectState.EXTERNAL, now)
        effect.held_until = until
    else:
        effect.change_state(EffectState.HELD if until else EffectState.QUEUED, now)
        effect.held_until, effect.due_at, effect.next_at = until, until or now, until or now
    insert([effect])
    publish_effect(effect)
    if effect.next_at:
        have_carried_out(effect)
    return effect


def held_until(decision: Decision) -> datetime | None:
    """Return until when nothing is done of a new decision, None if it is carried out at once."""
    seconds = settings.HITL_UNDO_SECONDS
    return decision.decided_at + timedelta(seconds=seconds) if seconds else None


def have_carried_out(effect: Effect) -> None:
    """Defer the job for an effect's next attempt, in the current transaction.

    The job does nothing unless the effect is due then, so that one too many does no harm.
    """
    from reviews import tasks  # it runs what writes through this module

    is_due = effect.next_at is not None and effect.next_at <= clock.now()
    tasks.carry_out.configure(
        lock=f"effect:{effect.pk}",
        priority=NOW if is_due else SCHEDULED,
        schedule_at=None if is_due else effect.next_at,
    ).defer(effect_id=str(effect.pk))


def have_carried_out_once(effect_id: UUID) -> None:
    """Defer a job for an effect that is due, unless one waits already."""
    from reviews import tasks

    name = f"effect:{effect_id}"
    defer_once(tasks.carry_out, name, priority=NOW, effect_id=str(effect_id))


def have_dequeued(effect: Effect) -> None:
    """Defer the job that takes a pull request out of the forge's merge queue."""
    from reviews import tasks  # it runs what writes through this module

    tasks.leave_merge_queue.configure(priority=NOW, lock=f"effect:{effect.pk}").defer(
        effect_id=str(effect.pk)
    )


def have_dequeued_once(effect_id: UUID) -> None:
    """Defer a job for an effect that may still be in the merge queue, unless one waits already."""
    from reviews import tasks

    name = f"dequeue:{effect_id}"
    defer_once(tasks.leave_merge_queue, name, priority=NOW, effect_id=str(effect_id))


def move(effect: Effect, state: EffectState, **values: Any) -> None:
    """Change a locked effect, and tell of its new state, in the caller's transaction.

    If the state stays, nobody is told. What is called off does not stay in a merge queue:
    the forge would merge it later.
    """
    before = effect.state
    effect.change_state(state, clock.now())
    for name, value in values.items():
        setattr(effect, name, value)
    effect.save()
    if state != before:
        publish_effect(effect)
    if effect.in_merge_queue and state in CALLED_OFF:
        have_dequeued(effect)


def is_same_attempt(effect: Effect, one: Effect) -> bool:
    """Return whether an effect, as it is now, still is in the attempt that `one` was begun with."""
    return effect.state == EffectState.RUNNING and effect.attempts == one.attempts


def why_unwanted(effect: Effect) -> str:
    """Return why an effect is not what is wanted of its APV any more, "" if it is.

    An escalation is wanted until it is decided on, whatever is pushed meanwhile.
    """
    decision = effect.decision
    if effect.kind == EffectKind.ESCALATE:
        return "" if decision.apv.status == Status.ESCALATED else ALREADY_DECIDED
    if decision.is_in_force:
        return ""
    return why_outdated(effect.head_commit, decision.apv.head_commit)


def why_outdated(decided_on: str, head: str) -> str:
    """Return why a decision on a commit is outdated, with the commit that is the head now."""
    if decided_on == head:
        return "there is a newer revision"
    return f"the head moved from {decided_on[:8]} to {head[:8]}"


def stop_unbegun(apv: APV, why: str) -> None:
    """Stop the effects of a locked APV that were not begun, as it is another thing now."""
    unbegun = of_apv(apv).filter(state__in=UNBEGUN).exclude(kind=EffectKind.ESCALATE)
    for effect in unbegun.select_for_update(of=("self",)):
        end(effect, EffectState.REFUSED, answer=why)


def end(effect: Effect, state: EffectState, **values: Any) -> None:
    """End a locked effect of a locked APV, with an audit entry, in the caller's transaction."""
    move(effect, state, **values, next_at=None)
    entries.record(
        AuditAction.CARRIED_OUT if state == EffectState.DONE else AuditAction.NOT_CARRIED_OUT,
        effect.decision.apv.apv_code,
        decision_id=str(effect.decision_id),
        kind=effect.kind,
        state=state,
        answer=effect.answer,
        head_commit=effect.head_commit,
        merged_commit=effect.merged_commit,
    )


def of_apv(apv: APV) -> "QuerySet[Effect]":
    """Return the effects of an APV's decisions."""
    effects = Effect.objects.filter(decision__apv=apv).select_related("decision__apv")
    return effects.order_by("created_at")
