"""Keep the event log within its limits."""

from datetime import timedelta

from django.db.models import Max, Min

from realtime import clock
from realtime.log import positions
from realtime.models import Event
from realtime.registry import LOGS

PRUNED_AT_ONCE = 10_000


def prune(*, days: int, events: int) -> dict[str, int]:
    """Delete events older than `days` or beyond the last `events` of each log; return how many.

    Only the beginning of a log is deleted, so that the rest has no gap. Counters stay.
    """
    tops = positions()
    return {channel: _prune(channel, days, tops[channel].offset - events) for channel in LOGS}


def _prune(channel: str, days: int, too_many: int) -> int:
    """Delete events older than `days`, and those up to the offset `too_many`."""
    log = Event.objects.filter(channel=channel)
    old = log.filter(created_at__lt=clock.now() - timedelta(days=days))
    end = max(too_many, old.aggregate(last=Max("offset"))["last"] or 0)
    dropped = last = 0
    while True:  # in batches, each in its own transaction, for short locks and cheap rollbacks
        # After the last batch: PostgreSQL would walk through what is deleted and not yet vacuumed.
        first = log.filter(offset__gt=last).aggregate(first=Min("offset"))["first"]
        if first is None or first > end:
            return dropped
        last = min(first + PRUNED_AT_ONCE - 1, end)
        dropped += log.filter(offset__range=(first, last)).delete()[0]
