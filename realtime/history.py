"""Reading the event log."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from channels.db import DatabaseSyncToAsync

from realtime.channels import LOGS
from realtime.messages import Position
from realtime.models import Counter, Event

# Few threads, and so few connections, however many sockets want something at once.
_workers = ThreadPoolExecutor(4, thread_name_prefix="realtime-db")
_replay_workers = ThreadPoolExecutor(2, thread_name_prefix="realtime-replay")


def in_database(function: Any) -> Any:
    """The async form of a function that uses the ORM, run on this app's own few threads.

    Channels' default is one thread for the whole process, where one slow query would hold up all.
    """
    return DatabaseSyncToAsync(function, thread_sensitive=False, executor=_workers)


def for_replay(function: Any) -> Any:
    """Like `in_database`, on threads of its own: many replays must not hold up live events."""
    return DatabaseSyncToAsync(function, thread_sensitive=False, executor=_replay_workers)


def positions() -> dict[str, Position]:
    """Where each log stands now."""
    counters = {counter.channel: counter for counter in Counter.objects.all()}
    return {channel: _position(counters.get(channel)) for channel in LOGS}


def _position(counter: Counter | None) -> Position:
    if counter is None:  # a log without its row has no past; its first event gives it an epoch
        return Position(epoch="", offset=0)
    return Position(epoch=counter.epoch, offset=counter.top)


def events_after(channel: str, offset: int, *, limit: int) -> list[tuple[int, str]]:
    """Up to `limit` events of `channel` behind `offset`, oldest first, as (offset, JSON text)."""
    events = Event.objects.filter(channel=channel, offset__gt=offset).order_by("offset")
    return list(events.values_list("offset", "message")[:limit])
