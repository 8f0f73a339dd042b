"""Which effects need a person: what did not happen, and what takes very long."""

from datetime import timedelta

from django.db.models import Q, QuerySet

from realtime import clock
from reviews.effects.states import OPEN, STOPPED
from reviews.models import Effect

PATIENCE = timedelta(hours=1)
"""How long an effect may take until somebody should look."""


def needs_attention(effect: str = "") -> Q:
    """Return the condition that an effect was refused or failed, or is open for over PATIENCE.

    The decision still is what is wanted: nobody has decided anew, and the APV did not change.
    `effect` is how the fields of the effect are reached, such as `effect__`.
    """
    stopped = Q(**{f"{effect}state__in": STOPPED})
    overdue = Q(**{f"{effect}state__in": OPEN, f"{effect}due_at__lt": clock.now() - PATIENCE})
    return Q(**{f"{effect}superseded": False}) & (stopped | overdue)


def needing_attention() -> QuerySet[Effect]:
    return Effect.objects.filter(needs_attention())
