"""Reading the event log."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

from channels.db import DatabaseSyncToAsync
from django.db.models import Max, Min
from django.utils import timezone

from realtime.channels import LOGS
from realtime.messages import Position
from realtime.models import Counter, Event

LOOK_SECONDS = 1.0
"""How often a process looks at the database for what nothing told it."""
PRUNED_AT_ONCE = 10_000

# Few threads, and so few connections, however many sockets want something at once; and threads of
# their own for what comes in crowds, so that it never holds up live events.
HUB_THREADS, REPLAY_THREADS, SOCKET_THREADS = 2, 2, 2
DATABASE_THREADS = HUB_THREADS + REPLAY_THREADS + SOCKET_THREADS
_hub_workers = ThreadPoolExecutor(HUB_THREADS, thread_name_prefix="hub")
_replay_workers = ThreadPoolExecutor(REPLAY_THREADS, thread_name_prefix="replay")
_socket_workers = ThreadPoolExecutor(SOCKET_THREADS, thread_name_prefix="socket")


def in_database(function: Any) -> Any:
    """The async form of a function that uses the ORM, run on this app's own few threads.

    Channels' default is one thread for the whole process, where one slow query would hold up all.
    """
    return DatabaseSyncToAsync(function, thread_sensitive=False, executor=_hub_workers)


def for_replay(function: Any) -> Any:
    """Like `in_database`, for reading history."""
    return DatabaseSyncToAsync(function, thread_sensitive=False, executor=_replay_workers)


def for_sockets(function: Any) -> Any:
    """Like `in_database`, for opening sockets."""
    return DatabaseSyncToAsync(function, thread_sensitive=False, executor=_socket_workers)


def positions() -> dict[str, Position]:
    """Where each log stands now."""
    counters = {counter.channel: counter for counter in Counter.objects.all()}
    return {channel: _position(counters.get(channel)) for channel in LOGS}


def _position(counter: Counter | None) -> Position:
    if counter is None:  # a log without its row has no past; its first event gives it an epoch
        return Position(epoch="", offset=0)
    return Position(epoch=counter.epoch, offset=counter.top)


def prune(*, days: int, events: int) -> dict[str, int]:
    """Drop what is older than `days` or beyond the last `events` of each log; returns how many.

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


def events_after(channel: str, offset: int, *, limit: int) -> list[tuple[int, str]]:
    """Up to `limit` events of `channel` behind `offset`, oldest first, as (offset, JSON text)."""
    events = Event.objects.filter(channel=channel, offset__gt=offset).order_by("offset")
    return list(events.values_list("offset", "message")[:limit])
