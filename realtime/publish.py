"""The functions by which apps publish: events, changed last values, and users to check again."""

from collections.abc import Sequence

from django.db import connection, transaction

from realtime import broker
from realtime.messages import LogMessage
from realtime.transactions import current_block, record, send_on_commit


def publish(messages: Sequence[LogMessage]) -> None:
    """Record `messages`, and send them to the hubs when the transaction commits.

    Call it in the transaction of the change that they report: a rollback then removes them and
    leaves no gap. They are recorded when the enclosing `publishing` block ends. Outside a block, or
    after a savepoint in one, which may be rolled back by itself, they are recorded now.
    """
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("publish() needs a transaction")
    if block := current_block():
        block.messages += messages
    else:
        record(messages)


def announce(channel: str) -> None:
    """Send the hubs, when the transaction commits, that a channel has a new last value."""
    if block := current_block():
        block.changed_values.add(channel)
    else:
        record([], {channel})


def announce_recheck(users: list[int] | None) -> None:
    """Have the hubs check, when the transaction commits, what `users` may do.

    Users are given by id; None means everybody.
    """
    send_on_commit([broker.access_changed(users)])
