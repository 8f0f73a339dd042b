"""How an event is told: recorded in the transaction that causes it, sent when that commits.

The only place that gives offsets, and the only one that calls `on_commit` and `group_send`.
"""

import asyncio
import logging
import time
from collections.abc import Sequence
from functools import partial
from typing import Any

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.db import connection, transaction

from realtime.channels import LOGS
from realtime.messages import LogMessage
from realtime.models import Counter, Event, new_epoch

logger = logging.getLogger(__name__)

SEND_SECONDS = 1.0
"""How long a writer waits for the channel layer; hubs read what it did not carry."""
EVENTS_PER_SEND = 100
"""How many events share one message of the layer."""
GROUP_NOBODY_JOINS = "health"

_layer_failed_at = float("-inf")


def publish(messages: Sequence[LogMessage]) -> None:
    """Record `messages`, all of one channel, and tell the hubs when the transaction commits.

    Must run inside the transaction whose change they tell of. The channel's counter stays locked
    until that ends: offsets are in commit order and a rollback leaves no gap. A transaction that
    publishes to several channels does so in the order of their names, so that two never wait for
    each other.
    """
    if not messages:
        return
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("publish() needs a transaction")
    channel = messages[0].log
    epoch, top = _advance(channel, by=len(messages))
    events = [
        _event(message, offset)
        for offset, message in enumerate(messages, start=top - len(messages) + 1)
    ]
    Event.objects.bulk_create(events, batch_size=1000)
    for start in range(0, len(events), EVENTS_PER_SEND):
        payload = {
            "type": "log.events",
            "channel": channel,
            "epoch": epoch,
            "events": [
                [one.offset, one.message] for one in events[start : start + EVENTS_PER_SEND]
            ],
        }
        transaction.on_commit(partial(_send, channel, payload), robust=True)


def announce(channel: str) -> None:
    """Tell the hubs, when the transaction commits, that a state channel has a new value."""
    payload = {"type": "state.changed", "channel": channel}
    transaction.on_commit(partial(_send, channel, payload), robust=True)


def _advance(channel: str, *, by: int) -> tuple[str, int]:
    """Raise the channel's counter in the current transaction; returns its epoch and new top."""
    assert channel in LOGS, channel
    table = Counter._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} (channel, epoch, top) VALUES (%s, %s, %s)"  # noqa: S608
            f" ON CONFLICT (channel) DO UPDATE SET top = {table}.top + EXCLUDED.top"
            " RETURNING epoch, top",
            [channel, new_epoch(), by],
        )
        epoch, top = cursor.fetchone()
    return epoch, top


def _event(message: LogMessage, offset: int) -> Event:
    message.offset = offset
    return Event(
        channel=message.log,
        offset=offset,
        type=message.type,
        message=message.encode(),
        created_at=message.timestamp,
    )


def _send(group: str, payload: dict[str, Any]) -> None:
    """Hand a committed event to the channel layer, or leave it to the hubs' own look.

    The write has committed: nothing here may fail it or hold it up. While the layer is out of
    order, later writers do not wait for it again.
    """
    global _layer_failed_at
    if time.monotonic() - _layer_failed_at < SEND_SECONDS:
        return
    try:
        async_to_sync(_group_send)(group, payload)
    except Exception as error:
        _layer_failed_at = time.monotonic()
        logger.warning("The channel layer did not take an event of %s: %r", group, error)


def layer_answers() -> bool:
    """Whether the channel layer takes a message now; waits a second at most."""
    try:
        async_to_sync(_group_send)(GROUP_NOBODY_JOINS, {"type": "health"})
    except Exception:
        return False
    return True


async def _group_send(group: str, payload: dict[str, Any]) -> None:
    async with asyncio.timeout(SEND_SECONDS):
        await get_channel_layer().group_send(group, payload)
