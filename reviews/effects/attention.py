"""Which effects need a person: what did not happen, and what the forge holds up for long."""

from datetime import timedelta

from django.db.models import F, Q, QuerySet
from django.utils import timezone

from reviews.choices import EffectState
from reviews.decision_kinds import DecisionKind
from reviews.effects.states import STOPPED
from reviews.models import Effect

PATIENCE = timedelta(hours=1)
"""How long a forge may hold an effect up until somebody should look."""

IN_FORCE = Q(decision__revision=F("decision__apv__revision")) & Q(
    *(
        Q(decision__decision=kind, decision__apv__status=kind.traits.outcome)
        for kind in DecisionKind
    ),
    _connector=Q.OR,
)
"""The decision still is what is wanted: nobody has decided anew, and the APV did not change."""


def needing_attention() -> QuerySet[Effect]:
    """Return effects in force that were refused or failed, or wait for longer than PATIENCE."""
    held_up = Q(state=EffectState.WAITING, due_at__lt=timezone.now() - PATIENCE)
    return Effect.objects.filter(Q(state__in=STOPPED) | held_up).filter(IN_FORCE)
