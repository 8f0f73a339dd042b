"""Keeping the event log within its bounds."""

from datetime import timedelta

from django.db.models import Max, Min
from django.utils import timezone

from realtime.log import positions
from realtime.models import Event
from realtime.registry import LOGS

PRUNED_AT_ONCE = 10_000


def prune(*, days: int, events: int) -> dict[str, int]:
    """Drop what is older than `days` or beyond the last `events` of each log; return how many.

    What goes is always the beginning of a log, so that what stays has no hole. Counters stay.
    """
    return {channel: _prune(channel, days, events) for channel in LOGS}


def _prune(channel: str, days: int, events: int) -> int:
    log = Event.objects.filter(channel=channel)
    old = log.filter(created_at__lt=timezone.now() - timedelta(days=days))
    too_old = old.aggregate(last=Max("offset"))["last"] or 0
    too_many = positions()[channel].offset - events
    dropped = 0
    while True:  # in batches, each a transaction of its own: no long locks, no long undo
        first = log.aggregate(first=Min("offset"))["first"]
        if first is None or first > max(too_old, too_many):
            return dropped
        last = min(first + PRUNED_AT_ONCE - 1, max(too_old, too_many))
        dropped += log.filter(offset__lte=last).delete()[0]
