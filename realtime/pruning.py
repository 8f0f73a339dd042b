"""Keep the event log within its limits."""

from datetime import timedelta

from django.db.models import Max, Min
from django.utils import timezone

from realtime.log import positions
from realtime.models import Event
from realtime.registry import LOGS

PRUNED_AT_ONCE = 10_000


def prune(*, days: int, events: int) -> dict[str, int]:
    """Delete events older than `days` or beyond the last `events` of each log; return how many.

    Only the beginning of a log is deleted, so that the rest has no gap. Counters stay.
    """
    return {channel: _prune(channel, days, events) for channel in LOGS}


def _prune(channel: str, days: int, events: int) -> int:
    log = Event.objects.filter(channel=channel)
    old = log.filter(created_at__lt=timezone.now() - timedelta(days=days))
    too_old = old.aggregate(last=Max("offset"))["last"] or 0
    too_many = positions()[channel].offset - events
    dropped = 0
    while True:  # in batches, each in its own transaction, for short locks and cheap rollbacks
        first = log.aggregate(first=Min("offset"))["first"]
        if first is None or first > max(too_old, too_many):
            return dropped
        last = min(first + PRUNED_AT_ONCE - 1, max(too_old, too_many))
        dropped += log.filter(offset__lte=last).delete()[0]
