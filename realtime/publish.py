"""How an event is told: recorded in the transaction that causes it, sent when that commits.

The only place that gives offsets and that calls `on_commit`.
"""

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial, wraps
from itertools import groupby
from operator import attrgetter
from typing import Any

from django.db import connection, models, transaction

from realtime import courier
from realtime.channels import LOGS
from realtime.messages import LogMessage
from realtime.models import Event, new_epoch


@contextmanager
def publishing(*, savepoint: bool = True) -> Iterator[None]:
    """A transaction, as `atomic` makes one, that records its messages as its last act.

    A channel's counter stays locked until the commit, which puts offsets in commit order. Recorded
    last, messages hold up other writers for no longer than the commit takes; and the counters of
    several channels are locked in the order of their names, so that two transactions never wait
    for each other. A block inside another one leaves its messages to that one.
    """
    with transaction.atomic(savepoint=savepoint):
        outer = _innermost.block
        block = _innermost.block = _Block(depth=_depth())
        try:
            yield
        finally:
            _innermost.block = outer
        if connection.needs_rollback:
            return
        if outer is not None and outer.depth == block.depth - 1:
            outer.messages += block.messages
            outer.states |= block.states
            outer.last_acts += block.last_acts
        else:
            _record(block.messages, block.states)
            for act in block.last_acts:
                act()


def publish(messages: Sequence[LogMessage]) -> None:
    """Record `messages`, and tell the hubs when the transaction commits.

    Must run inside the transaction whose change they tell of: a rollback leaves no trace of them
    and no gap. They are recorded when the enclosing `publishing` ends; outside one, or behind a
    savepoint inside one, which may be rolled back by itself, they are recorded now.
    """
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("publish() needs a transaction")
    block = _innermost.block
    if block is not None and block.depth == _depth():
        block.messages += messages
    else:
        _record(messages)


def as_last_act(act: Callable[[], None]) -> None:
    """Call `act` when the enclosing `publishing` ends, behind its messages; outside one, now.

    For what locks something that every transaction wants, as the counters are.
    """
    block = _innermost.block
    if block is not None and block.depth == _depth():
        block.last_acts.append(act)
    else:
        act()


def announce(channel: str) -> None:
    """Tell the hubs, when the transaction commits, that a state channel has a new value."""
    block = _innermost.block
    if block is not None and block.depth == _depth():
        block.states.add(channel)
    else:
        _record([], {channel})


def announce_doubt(users: list[int] | None) -> None:
    """Tell the hubs, when the transaction commits, to look at what `users` may do now.

    Users are given by id; None means everybody.
    """
    _send_on_commit([courier.access_changed(users)])


class AtomicSave(models.Model):
    """A model whose row commits together with what its post_save receivers publish.

    Django ends a bare save's transaction before it sends post_save; here it ends after.
    """

    class Meta:
        abstract = True

    def save_base(self, *args: Any, **options: Any) -> None:
        with publishing(savepoint=False):
            super().save_base(*args, **options)


def make_saves_atomic(model: type[models.Model]) -> None:
    """Give a model that is not ours what AtomicSave gives to ours."""
    save_base: Any = model.save_base

    @wraps(save_base)
    def together(*args: Any, **options: Any) -> None:
        with publishing(savepoint=False):
            save_base(*args, **options)

    model.save_base = together  # type: ignore[method-assign]


@dataclass
class _Block:
    """A `publishing` that is under way."""

    depth: int
    messages: list[LogMessage] = field(default_factory=list)
    states: set[str] = field(default_factory=set)
    last_acts: list[Callable[[], None]] = field(default_factory=list)


class _Innermost(threading.local):
    """The innermost block of this thread, as database connections are of a thread."""

    block: _Block | None = None


_innermost = _Innermost()


def _depth() -> int:
    """How many transaction blocks are open inside the outermost one."""
    return len(connection.savepoint_ids)


def _record(messages: Sequence[LogMessage], states: Iterable[str] = ()) -> None:
    """Give each message the next offset of its log, and tell of all together after the commit."""
    by_log = attrgetter("log")
    told = groupby(sorted(messages, key=by_log), key=by_log)
    payloads = [_record_in(log, list(told_in_log)) for log, told_in_log in told]
    payloads += map(courier.state_changed, sorted(states))
    if payloads:
        _send_on_commit(payloads)


def _record_in(log: str, messages: list[LogMessage]) -> courier.Payload:
    epoch, top = _advance(log, by=len(messages))
    first = top - len(messages) + 1
    events = [_event(message, offset) for offset, message in enumerate(messages, start=first)]
    Event.objects.bulk_create(events, batch_size=1000)
    return courier.log_events(log, epoch, [(event.offset, event.message) for event in events])


def _advance(channel: str, *, by: int) -> tuple[str, int]:
    """Raise the channel's counter in the current transaction; returns its epoch and new top."""
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
        channel=message.log,
        offset=offset,
        type=message.type,
        message=message.encode(),
        created_at=message.timestamp,
    )


def _send_on_commit(payloads: list[courier.Payload]) -> None:
    transaction.on_commit(partial(courier.send, payloads), robust=True)
