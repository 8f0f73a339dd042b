"""Sockets that ask at once for what they missed share one read of the log."""

import asyncio
import threading
from collections.abc import Iterable

import pytest
from django.db import OperationalError

from realtime import log
from realtime.log_reader import LogReader, Missed
from realtime.messages import Position
from tests.support.waiting import ANSWER_SECONDS, until

EPOCH = "now"


class Log:
    """Stands in for the table; it holds each read until let go."""

    def __init__(self) -> None:
        self.kept = range(1, 101)
        self.reads: list[tuple[str, int, int]] = []
        self.fails = False
        self.let_go = threading.Event()
        self.let_go.set()

    def events_after(self, channel: str, since: Position, *, limit: int) -> list[tuple[int, str]]:
        self.reads.append((channel, since.offset, limit))
        self.let_go.wait(ANSWER_SECONDS)
        if self.fails:
            raise OperationalError("away")
        if since.epoch != EPOCH:
            return []
        after = [offset for offset in self.kept if offset > since.offset]
        return [(offset, f"{channel} {offset}") for offset in after[:limit]]


@pytest.fixture
def table(monkeypatch: pytest.MonkeyPatch) -> Log:
    found = Log()
    monkeypatch.setattr(log, "events_after", found.events_after)
    return found


def missed(since: int, last: int, channel: str = "orders", epoch: str = EPOCH) -> Missed:
    return Missed(channel, Position(epoch=epoch, offset=since), last)


def orders(since: int, last: int) -> list[str]:
    return [f"orders {offset}" for offset in range(since + 1, last + 1)]


async def read_together(table: Log, asked: Iterable[Missed]) -> list[list[str]]:
    """Return what `asked` are given, who come while somebody else's events are read."""
    reader = LogReader()
    table.let_go.clear()
    first = asyncio.ensure_future(reader.events(missed(98, 99)))
    await until(lambda: bool(table.reads))
    others = asyncio.gather(*map(reader.events, asked))
    await asyncio.sleep(0)
    table.let_go.set()
    assert await first == orders(98, 99)
    return await others


async def test_those_who_ask_during_a_read_share_the_next(table: Log) -> None:
    asked = [(since, last) for since in (7, 5, 9, 5) for last in (10, 12)]
    assert await read_together(table, [missed(*one) for one in asked]) == [
        orders(*one) for one in asked
    ]
    assert table.reads[1:] == [("orders", 5, 7)]


async def test_one_whose_events_were_deleted_gets_none_and_others_get_theirs(table: Log) -> None:
    table.kept = range(50, 101)
    found = await read_together(table, [missed(48, 60), missed(49, 60), missed(55, 60)])
    assert found == [[], orders(49, 60), orders(55, 60)]


async def test_one_who_asks_for_more_than_there_is_gets_none(table: Log) -> None:
    assert await read_together(table, [missed(90, 101), missed(90, 100)]) == [[], orders(90, 100)]


async def test_channels_and_histories_are_read_apart(table: Log) -> None:
    asked = [missed(1, 2), missed(1, 2, "stock"), missed(1, 2, epoch="before")]
    assert await read_together(table, asked) == [["orders 2"], ["stock 2"], []]
    assert len(table.reads) == 1 + 3


async def test_without_a_database_all_are_told_at_once(table: Log) -> None:
    table.fails = True
    reader = LogReader()
    asked = [reader.events(missed(1, 2)) for _ in range(3)]
    found = await asyncio.gather(*asked, return_exceptions=True)
    assert {type(one) for one in found} == {OperationalError}
    assert len(table.reads) == 1
