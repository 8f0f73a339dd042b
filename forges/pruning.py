"""Delete webhooks that were received long ago."""

from datetime import timedelta

from forges.choices import DeliveryState
from forges.models import Delivery
from realtime import clock

PRUNED_AT_ONCE = 1000


def prune_deliveries(*, days: int) -> int:
    """Delete what was received more than `days` ago and is processed; return how many.

    In batches, each in its own transaction, for short locks.
    """
    old = Delivery.objects.filter(received_at__lt=clock.now() - timedelta(days=days))
    ended = old.exclude(state=DeliveryState.RECEIVED).order_by("received_at")
    dropped = 0
    while some := list(ended.values_list("pk", flat=True)[:PRUNED_AT_ONCE]):
        dropped += Delivery.objects.filter(pk__in=some).delete()[0]
    return dropped
