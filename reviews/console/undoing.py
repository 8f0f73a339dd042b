"""Undo: what the bar at the foot of every page offers for some seconds after a decision."""

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils.translation import ngettext

from realtime import clock
from realtime.messages import wire_time
from reviews import services
from reviews.batches.actions import UNDONE
from reviews.console.effects import recorded
from reviews.console.number_formats import digits
from reviews.effects.records import held_until
from reviews.models import Batch, Decision, ItemState
from reviews.orders import DECISIONS

__all__ = ["UNDONE", "undo_of", "undoable_by"]


def undoable_by(user: Any) -> dict[str, str] | None:
    """Return the user's last decision as the bar needs it, None if it cannot be undone now."""
    seconds = settings.HITL_UNDO_SECONDS
    if not seconds or not user.is_authenticated:
        return None
    recent = Decision.objects.filter(
        reviewer=user.pk, decided_at__gt=clock.now() - timedelta(seconds=seconds)
    )
    if not recent.exists():  # nearly always true, and much cheaper to ask
        return None
    last = recent.with_effect().order_by(*DECISIONS.by).first()
    if last is None:
        return None
    item = last.batch_items.filter(batch__undoes=None).select_related("batch").first()
    return undo_of(last, user) if item is None else _undo_of_batch(item.batch, last)


def _undo_of_batch(batch: Batch, last: Decision) -> dict[str, str] | None:
    """Return the decisions of a batch as the bar needs them; the `last` one was made just now."""
    until = _held_until(last)
    if until is None or until <= clock.now() or batch.undone_by.exists():
        return None
    made = batch.items.filter(state=ItemState.DONE).count()
    text = ngettext(
        "{count} decision of your batch is recorded: {decision}.",
        "{count} decisions of your batch are recorded: {decision}.",
        made,
    )
    return {
        "decision": str(batch.pk),
        "code": "",
        "text": text.format(count=digits(made), decision=last.get_decision_display()),
        "until": wire_time(until),
        "address": reverse("batch-undo", args=[batch.pk]),
    }


def undo_of(decision: Decision, user: Any) -> dict[str, str] | None:
    """Return a decision as the bar needs it, None if it cannot be undone now."""
    until = _held_until(decision)
    if until is None or until <= clock.now() or decision.retraction_or_none:
        return None
    if not services.may_retract(user, decision, decision.effect_or_none):
        return None
    return {
        "decision": str(decision.pk),
        "code": decision.apv.apv_code,
        "text": recorded(decision),
        "until": wire_time(until),
        "address": reverse("undo", args=[decision.pk]),
    }


def _held_until(decision: Decision) -> datetime | None:
    """Return until when nothing happens; a decision with nothing to carry out waits as long."""
    if (found := decision.effect_or_none) is not None:
        until: datetime | None = found.held_until
        return until
    return held_until(decision)
