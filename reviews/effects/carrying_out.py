"""Carry effects out: look first, ask the forge, and look again.

Each step commits before the next begins, so that a worker may die anywhere. An effect that is
running was begun, and nobody knows how far it came: whoever takes it up looks before asking again.
"""

from contextlib import suppress
from datetime import datetime, timedelta
from random import uniform
from uuid import UUID

import structlog
from django.conf import settings
from django.db import DatabaseError, InterfaceError

from audit import entries
from audit.choices import AuditAction
from forges.clients import client_for
from forges.errors import ForgeError, Limited, NotMergeable, Unavailable
from forges.problems import noting
from forges.tasks import read_soon
from jobs.running import in_a_line
from realtime import clock
from realtime.transactions import publishing
from reviews.choices import EffectKind, EffectState, Status
from reviews.effects import records
from reviews.effects.actions import ACTIONS
from reviews.effects.attempt import Attempt, Outdated, Overtaken, Result
from reviews.effects.states import CALLED_OFF, OPEN, STOPPED, UNBEGUN
from reviews.locking import locked_decision, locked_effect
from reviews.models import Effect
from reviews.receivers import publish_change
from reviews.services.adding import save_values

logger = structlog.get_logger(__name__)

LONGEST_WAIT = timedelta(minutes=5)
LATE = timedelta(seconds=20)
"""How late a forge may still write what it gave no answer to."""
ENDS = (EffectState.DONE, EffectState.REFUSED, EffectState.FAILED)
NOT_WATCHED = "its repository is not watched any more"


def carry_out(effect_id: UUID) -> None:
    """Try to carry an effect out, if it is due; record how that ended, and when it is tried again.

    Raise what the database raises if it is away.
    """
    begun = _begin(effect_id)
    if begun is None:
        return
    effect, was_running = begun
    with suppress(Overtaken):
        result, again_at = _attempt(effect, was_running=was_running)
        _record(effect, result, again_at)


def _begin(effect_id: UUID) -> tuple[Effect, bool] | None:
    """Take an effect up if it is due; return it, and whether an earlier attempt had begun."""
    with publishing():
        rows = Effect.objects.select_for_update(of=("self",)).select_related(
            "decision__apv__pull_request__repository__forge"
        )
        due = rows.filter(state__in=OPEN, next_at__lte=clock.now())
        if (effect := due.filter(pk=effect_id).first()) is None:
            return None
        was_running = effect.state == EffectState.RUNNING
        if effect.state == EffectState.HELD:
            records.move(effect, EffectState.QUEUED)
        records.move(effect, EffectState.RUNNING, attempts=effect.attempts + 1)
        return effect, was_running


def _attempt(effect: Effect, *, was_running: bool) -> tuple[Result, datetime | None]:
    """Return how an attempt ended, and when the next one is to be if the forge said when."""
    apv = effect.decision.apv
    if (repository := apv.watched_repository) is None:
        return Result(_refused(begun=was_running), NOT_WATCHED), None
    attempt = None
    try:
        with noting(repository.forge), client_for(repository.forge) as client:
            attempt = Attempt(effect, client, begun=was_running)
            return ACTIONS[EffectKind(effect.kind)](attempt), None
    except (Limited, Unavailable) as error:
        state = _unfinished(was_running if attempt is None else attempt.begun)
        return Result(state, error.words), getattr(error, "until", None)
    except NotMergeable as error:
        return Result(EffectState.WAITING, error.words), None
    except (ForgeError, Outdated) as error:
        begun = was_running and attempt is None  # nobody has looked
        return Result(_refused(begun=begun), error.words), None
    except (DatabaseError, InterfaceError, Overtaken):
        raise
    except Exception as error:
        logger.exception("effect_error", apv=apv.apv_code, kind=effect.kind)
        return Result(_unfinished(begun=True), f"the console failed: {in_a_line(error)}"), None


def _refused(*, begun: bool) -> EffectState:
    """Return the state after a no to all that was asked; what was begun may have happened."""
    return EffectState.RUNNING if begun else EffectState.REFUSED


def _unfinished(begun: bool) -> EffectState:
    return EffectState.RUNNING if begun else EffectState.QUEUED


def _record(effect: Effect, result: Result, again_at: datetime | None) -> None:
    """Write how an attempt ended, and have the pull request read or the effect tried again."""
    with publishing():
        effect = _locked(effect)
        result = _final(effect, result)
        values = {
            "answer": result.answer,
            "merged_commit": result.merged_commit,
            "in_merge_queue": _in_merge_queue(effect, result),
        }
        if result.state in ENDS:
            records.end(effect, result.state, **values)
            _follow(effect)
        else:
            next_at = max(filter(None, (again_at, _wait_after(effect, result.state))))
            records.move(effect, result.state, **values, next_at=next_at)
            records.have_carried_out(effect)
    code = effect.decision.apv.apv_code
    logger.info("effect_attempted", apv=code, kind=effect.kind, state=str(effect.state))


def _locked(effect: Effect) -> Effect:
    """Return an effect with its APV, locked. Raise Overtaken if another attempt has begun."""
    now = locked_effect(locked_decision(effect.decision_id))
    if now is None or not records.is_same_attempt(now, effect):
        raise Overtaken
    return now


def _final(effect: Effect, result: Result) -> Result:
    """Return how an attempt ended, or that nothing follows it: there is no time, or no reason."""
    if result.state in ENDS:
        return result
    if result.state in UNBEGUN and (why := records.why_unwanted(effect)):
        return result._replace(state=EffectState.REFUSED, answer=why)
    if clock.now() >= gives_up_at(effect):
        return result._replace(state=EffectState.FAILED)
    return result


def _in_merge_queue(effect: Effect, result: Result) -> bool:
    """Return whether the pull request may be in the merge queue after an attempt."""
    if result.in_merge_queue is None:
        return effect.in_merge_queue and result.state != EffectState.DONE
    return result.in_merge_queue


def gives_up_at(effect: Effect) -> datetime:
    """Return until when an effect is tried."""
    return (effect.due_at or effect.created_at) + timedelta(hours=settings.HITL_EFFECT_HOURS)


def _wait_after(effect: Effect, state: EffectState) -> datetime:
    """Return when the next attempt is: after 1, 2, 4 … seconds, up to five minutes, and jitter.

    A text whose answer was lost may yet appear, so it is looked for later. A merge may be asked for
    twice, since the forge merges a head once.
    """
    doublings = min(effect.attempts - 1, 20)  # far more are no number any more
    seconds = min(2.0**doublings, LONGEST_WAIT.total_seconds())
    if state == EffectState.RUNNING and effect.kind != EffectKind.MERGE:
        seconds = max(seconds, LATE.total_seconds())
    return clock.now() + timedelta(seconds=seconds * uniform(0.75, 1.25))  # noqa: S311 # nosec B311


def _follow(effect: Effect) -> None:
    """Have the pull request read; put an APV back into the queue that changed meanwhile."""
    decision = effect.decision
    apv = decision.apv
    if pull_request := apv.pull_request:
        read_soon(pull_request.repository_id, pull_request.number)
    is_past = decision.revision < apv.revision and apv.status == decision.traits.outcome
    if effect.state in STOPPED and is_past and decision.traits.final:
        save_values(apv, {"status": Status.PENDING})
        publish_change(apv, "reopened")
        entries.record(AuditAction.APV_REOPENED, apv.apv_code, revision=apv.revision)


def wake(pull_request_id: int) -> None:
    """Try waiting effects on a pull request now, as something changed there."""
    waiting = Effect.objects.filter(
        decision__apv__pull_request=pull_request_id,
        state__in=(EffectState.WAITING, EffectState.QUEUED),
        next_at__gt=clock.now(),
    )
    for effect in waiting.select_for_update(of=("self",)):
        effect.next_at = clock.now()
        effect.save(update_fields=["next_at"])
        records.have_carried_out(effect)


def sweep() -> None:
    """Have effects carried out, or called off, that are due and whose job may be lost."""
    overdue = Effect.objects.filter(state__in=OPEN, next_at__lt=clock.now() - timedelta(seconds=30))
    for effect_id in overdue.order_by("next_at").values_list("pk", flat=True)[:1000]:
        records.have_carried_out_once(effect_id)
    entered = Effect.objects.filter(state__in=CALLED_OFF, in_merge_queue=True)
    for effect_id in entered.values_list("pk", flat=True)[:1000]:
        records.have_dequeued_once(effect_id)
