"""The event log: each event of a channel under the next offset, in commit order."""

from typing import Any

from django.apps import apps as installed_apps
from django.apps.registry import Apps
from django.db import connection

from realtime import broker
from realtime.messages import LogMessage, Position
from realtime.models import Counter, Event, new_epoch
from realtime.registry import LOGS


def append(channel: str, messages: list[LogMessage]) -> broker.Payload:
    """Give each message the next offset of its channel; return the payloads for the hubs.

    This is the only place that assigns offsets. The row of the channel's counter stays locked until
    the transaction ends, so offset order is commit order, and a rollback leaves no gap.
    """
    epoch, top = _advance(channel, by=len(messages))
    first = top - len(messages) + 1
    events = [_event(message, offset) for offset, message in enumerate(messages, start=first)]
    Event.objects.bulk_create(events, batch_size=1000)
    return broker.log_events(channel, epoch, [(event.offset, event.message) for event in events])


def _advance(channel: str, *, by: int) -> tuple[str, int]:
    """Raise the channel's counter in the current transaction; return its epoch and new top."""
    assert channel in LOGS, channel
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO realtime_counter (channel, epoch, top) VALUES (%s, %s, %s)"
            " ON CONFLICT (channel) DO UPDATE SET top = realtime_counter.top + EXCLUDED.top"
            " RETURNING epoch, top",
            [channel, new_epoch(), by],
        )
        epoch, top = cursor.fetchone()
    return epoch, top


def _event(message: LogMessage, offset: int) -> Event:
    message.offset = offset
    return Event(
        channel=message.channel,
        offset=offset,
        type=message.type,
        message=message.encode(),
        created_at=message.timestamp,
    )


def start_logs(using: str, apps: Apps = installed_apps, **_: Any) -> None:
    """Create each registered log's counter, after migrations.

    A change that commits before the first event then has an epoch to belong to. `apps` is the
    migrated state, if a migration ran: it may not have the table yet.
    """
    try:
        counters = apps.get_model("realtime", "Counter").objects.using(using)
    except LookupError:
        return
    for channel in LOGS:
        counters.get_or_create(channel=channel, defaults={"epoch": new_epoch()})


# -- Reading ----------------------------------------------------------------------------------


def positions() -> dict[str, Position]:
    """Return each log's position."""
    counters = {counter.channel: counter for counter in Counter.objects.all()}
    return {channel: _position(counters.get(channel)) for channel in LOGS}


def _position(counter: Counter | None) -> Position:
    if counter is None:  # a log without a row has no past; its first event gives it an epoch
        return Position(epoch="", offset=0)
    return Position(epoch=counter.epoch, offset=counter.top)


def events_after(channel: str, offset: int, *, limit: int) -> list[tuple[int, str]]:
    """Return up to `limit` events of `channel` after `offset`, oldest first, as offset and JSON."""
    events = Event.objects.filter(channel=channel, offset__gt=offset).order_by("offset")
    return list(events.values_list("offset", "message")[:limit])
