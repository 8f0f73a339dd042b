"""The event log: each event of a channel under the next offset, in commit order."""

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from django.apps import apps as installed_apps
from django.apps.registry import Apps
from django.db import connection, transaction
from django.db.models import BooleanField, Exists, ExpressionWrapper, Q, QuerySet

from realtime import broker
from realtime.compiled_queries import insert
from realtime.copying import copy
from realtime.messages import LogMessage, Position
from realtime.models import Counter, CurrentHistory, Event, new_epoch
from realtime.registry import LOGS

logger = logging.getLogger(__name__)


def append(messages: Sequence[LogMessage]) -> list[broker.Payload]:
    """Give each message the next offset of its channel; return the payloads for the hubs.

    This is the only place that assigns offsets. The row of a channel's counter stays locked until
    the transaction ends, so offset order is commit order, and a rollback leaves no gap.
    """
    by_channel: dict[str, list[LogMessage]] = {}
    for message in messages:
        by_channel.setdefault(message.channel, []).append(message)
    payloads, events = [], []
    for channel, epoch, top in _advance({name: len(some) for name, some in by_channel.items()}):
        some = by_channel[channel]
        numbered = [_event(one, top - len(some) + at) for at, one in enumerate(some, start=1)]
        payloads.append(
            broker.log_events(channel, epoch, [(event.offset, event.message) for event in numbered])
        )
        events += numbered
    _store(events)
    return payloads


def _advance(by: Mapping[str, int]) -> list[tuple[str, str, int]]:
    """Raise the counters of channels in the current transaction; return their epochs and new tops.

    They are locked in the order of their names. In another history of the database, a channel
    begins a new epoch.
    """
    assert by.keys() <= LOGS.keys(), by
    with connection.cursor() as cursor:
        cursor.execute(ADVANCE, [list(by), [new_epoch() for _ in by], list(by.values())])
        return list(cursor.fetchall())


ADVANCE = """
INSERT INTO realtime_counter (channel, epoch, top, history)
SELECT channel, epoch, by, realtime_history()
FROM unnest(%s::text[], %s::text[], %s::bigint[]) AS given (channel, epoch, by)
ORDER BY channel COLLATE "C"
ON CONFLICT (channel) DO UPDATE SET
    top = realtime_counter.top + EXCLUDED.top,
    epoch = CASE
        WHEN realtime_counter.history = EXCLUDED.history THEN realtime_counter.epoch
        ELSE EXCLUDED.epoch
    END,
    history = EXCLUDED.history
RETURNING channel, epoch, top
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
        insert(events)


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
