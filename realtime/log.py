"""The event log: each event of a channel under the next offset, in commit order."""

import logging
from typing import Any

from django.apps import apps as installed_apps
from django.apps.registry import Apps
from django.db import connection, transaction
from django.db.models import BooleanField, Exists, ExpressionWrapper, Q, QuerySet

from realtime import broker
from realtime.copying import copy
from realtime.messages import LogMessage, Position
from realtime.models import Counter, CurrentHistory, Event, new_epoch
from realtime.registry import LOGS

logger = logging.getLogger(__name__)


def append(channel: str, messages: list[LogMessage]) -> broker.Payload:
    """Give each message the next offset of its channel; return the payloads for the hubs.

    This is the only place that assigns offsets. The row of the channel's counter stays locked until
    the transaction ends, so offset order is commit order, and a rollback leaves no gap.
    """
    epoch, top = _advance(channel, by=len(messages))
    first = top - len(messages) + 1
    events = [_event(message, offset) for offset, message in enumerate(messages, start=first)]
    _store(events)
    return broker.log_events(channel, epoch, [(event.offset, event.message) for event in events])


def _advance(channel: str, *, by: int) -> tuple[str, int]:
    """Raise the channel's counter in the current transaction; return its epoch and new top.

    In another history of the database, the channel begins a new epoch.
    """
    assert channel in LOGS, channel
    with connection.cursor() as cursor:
        cursor.execute(ADVANCE, [channel, new_epoch(), by])
        epoch, top = cursor.fetchone()
    return epoch, top


ADVANCE = """
INSERT INTO realtime_counter (channel, epoch, top, history)
VALUES (%s, %s, %s, realtime_history())
ON CONFLICT (channel) DO UPDATE SET
    top = realtime_counter.top + EXCLUDED.top,
    epoch = CASE
        WHEN realtime_counter.history = EXCLUDED.history THEN realtime_counter.epoch
        ELSE EXCLUDED.epoch
    END,
    history = EXCLUDED.history
RETURNING epoch, top
"""


def _event(message: LogMessage, offset: int) -> Event:
    message.offset = offset
    return Event(
        channel=message.channel,
        offset=offset,
        type=message.type,
        message=message.encode(),
        created_at=message.timestamp,
    )


FEW = 20
"""So many rows are stored faster by one INSERT: a COPY waits for the database twice."""


def _store(events: list[Event]) -> None:
    if len(events) > FEW:
        copy(events)
    else:
        Event.objects.bulk_create(events)


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
    """Return each log's position; an epoch of another history of the database is shown as ""."""
    is_current = Q(history=CurrentHistory())
    counters = Counter.objects.annotate(is_current=ExpressionWrapper(is_current, BooleanField()))
    found = {counter.channel: _position(counter) for counter in counters}
    nowhere = Position(epoch="", offset=0)  # a log without a row has no past
    return {channel: found.get(channel, nowhere) for channel in LOGS}


def _position(counter: Any) -> Position:
    return Position(epoch=counter.epoch if counter.is_current else "", offset=counter.top)


def current_positions() -> dict[str, Position]:
    """Return each log's position, after new epochs were begun if the database has another history.

    Call it outside transactions.
    """
    found = positions()
    if not all(position.epoch for position in found.values()):
        begin_epochs(Counter.objects.exclude(history=CurrentHistory()))
        return positions()
    return found


def begin_epochs(counters: QuerySet[Counter]) -> list[Counter]:
    """Begin a new epoch in each of `counters`, which has every client reload; return them."""
    with transaction.atomic():
        locked = list(counters.select_for_update().order_by("channel"))
        for counter in locked:
            counter.epoch = new_epoch()
            counter.history = CurrentHistory()
            counter.save(update_fields=["epoch", "history"])
    if locked:
        names = ", ".join(counter.channel for counter in locked)
        logger.warning("new epochs, clients reload: %s", names)
    return locked


def keep_epochs() -> None:
    """Let the epochs go on, since the whole log was copied here and nothing is missing."""
    Counter.objects.update(history=CurrentHistory())


def events_after(channel: str, position: Position, *, limit: int) -> list[tuple[int, str]]:
    """Return up to `limit` events of `channel` after `position`, oldest first, as offset and JSON.

    There are none if the epoch of `position` is over.
    """
    now = Counter.objects.filter(channel=channel, epoch=position.epoch, history=CurrentHistory())
    after = Event.objects.filter(Exists(now), channel=channel, offset__gt=position.offset)
    return list(after.order_by("offset").values_list("offset", "message")[:limit])
