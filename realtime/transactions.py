"""Transactions that record their events, and take contended locks, as their last acts.

This is the only module that calls `on_commit`.
"""

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial

from django.db import connection, transaction

from realtime import broker, log
from realtime.messages import LogMessage


@contextmanager
def publishing(*, savepoint: bool = True) -> Iterator[None]:
    """Open a transaction, as `atomic` does, that records its messages as its last act.

    A channel's counter stays locked until the commit, which puts offsets in commit order. Messages
    recorded last delay other writers only for as long as the commit takes. The counters of several
    channels are locked in the order of their names, so that two transactions never deadlock. A
    nested block leaves its messages to the outer one.
    """
    with transaction.atomic(savepoint=savepoint):
        outer = _innermost.block
        block = _innermost.block = Block(depth=_depth())
        try:
            yield
        finally:
            _innermost.block = outer
        if connection.needs_rollback:
            return
        if outer is not None and outer.depth == block.depth - 1:
            outer.take_over(block)
        else:
            block.finish()


def as_last_act(act: Callable[[], None]) -> None:
    """Call `act` when the enclosing `publishing` ends, after its messages; outside one, now.

    This is for locks that every transaction needs, as the counters are.
    """
    if block := current_block():
        block.last_acts.append(act)
    else:
        act()


@dataclass
class Block:
    """An open `publishing` block, with what it must record at its end."""

    depth: int
    messages: list[LogMessage] = field(default_factory=list)
    changed_values: set[str] = field(default_factory=set)
    """The channels whose last value is another one now."""
    last_acts: list[Callable[[], None]] = field(default_factory=list)

    def take_over(self, inner: "Block") -> None:
        """Add what a nested block leaves to this one."""
        self.messages += inner.messages
        self.changed_values |= inner.changed_values
        self.last_acts += inner.last_acts

    def finish(self) -> None:
        """Record the messages, and then run the other last acts."""
        record(self.messages, self.changed_values)
        for act in self.last_acts:
            act()


class _Innermost(threading.local):
    """The innermost block of this thread, since database connections belong to threads."""

    block: Block | None = None


_innermost = _Innermost()


def current_block() -> Block | None:
    """Return the enclosing `publishing`, unless a savepoint in it may be rolled back alone."""
    block = _innermost.block
    return block if block is not None and block.depth == _depth() else None


def _depth() -> int:
    """Return how many transaction blocks are open inside the outermost one."""
    return len(connection.savepoint_ids)


def record(messages: Sequence[LogMessage], changed_values: Iterable[str] = ()) -> None:
    """Append messages to their logs now, and send all of them to the hubs after the commit."""
    payloads = log.append(messages) if messages else []
    payloads += map(broker.value_changed, sorted(changed_values))
    if payloads:
        send_on_commit(payloads)


def send_on_commit(payloads: list[broker.Payload]) -> None:
    """Send payloads to the hubs when the transaction commits."""
    transaction.on_commit(partial(broker.send, payloads), robust=True)
