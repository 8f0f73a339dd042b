"""Delete batches that ended long ago: their decisions, and the audit, stay."""

from datetime import timedelta

from django.db.models import Q

from realtime import clock
from reviews.models import Batch, ItemState

PRUNED_AT_ONCE = 20
"""So many have up to ten thousand items."""


def prune_batches(*, days: int) -> int:
    """Delete batches that were started more than `days` ago and have ended; return how many.

    One that was undone goes with what undid it, once both have. A few at a time, each time in a
    transaction of its own, for short locks.
    """
    old = Batch.objects.filter(created_at__lt=clock.now() - timedelta(days=days))
    running = Q(items__state=ItemState.WAITING) | Q(undone_by__items__state=ItemState.WAITING)
    ended = old.exclude(pk__in=old.filter(running).values("pk")).order_by("created_at")
    dropped = 0
    while some := list(ended.values_list("pk", flat=True)[:PRUNED_AT_ONCE]):
        _total, counts = Batch.objects.filter(pk__in=some).delete()
        dropped += counts[Batch._meta.label]
    return dropped
