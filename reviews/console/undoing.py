"""Undo: what the bar at the foot of every page offers for some seconds after a decision."""

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from realtime.messages import wire_time
from reviews import services
from reviews.console.effects import recorded
from reviews.effects.records import held_until
from reviews.models import Decision
from reviews.orders import DECISIONS

UNDONE = "Undone"
"""The reason that is recorded, in one language for everybody who reads the record."""


def undoable_by(user: Any) -> dict[str, str] | None:
    """Return the user's last decision as the bar needs it, None if it cannot be undone now."""
    seconds = settings.HITL_UNDO_SECONDS
    if not seconds or not user.is_authenticated:
        return None
    recent = Decision.objects.filter(
        reviewer=user.pk, decided_at__gt=timezone.now() - timedelta(seconds=seconds)
    )
    last = recent.with_effect().order_by(*DECISIONS.by).first()
    return None if last is None else undo_of(last, user)


def undo_of(decision: Decision, user: Any) -> dict[str, str] | None:
    """Return a decision as the bar needs it, None if it cannot be undone now."""
    until = _held_until(decision)
    if until is None or until <= timezone.now() or decision.retraction_or_none:
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
