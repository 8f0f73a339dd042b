"""Read from the log what sockets missed, for all that wait at the same time together."""

from collections.abc import Sequence
from typing import NamedTuple

from realtime import log
from realtime.batches import Batches
from realtime.database_threads import for_replay
from realtime.messages import Position


class Missed(NamedTuple):
    """The events of a channel after `since`, up to the offset `last`."""

    channel: str
    since: Position
    last: int


class LogReader:
    """Reads events; sockets that ask while others' are read share the next read.

    After a restart all ask at once, for almost the same events.
    """

    def __init__(self) -> None:
        self._reads = Batches(_read)

    async def events(self, missed: Missed) -> list[str]:
        """Return the events, or none if the log has not all of them. Raise DatabaseError."""
        return await self._reads.result_of(missed)


async def _read(batch: Sequence[Missed]) -> list[list[str] | Exception]:
    """Return the events of each, by one query for each history of a channel."""
    logs: dict[tuple[str, str], list[Missed]] = {}
    for one in batch:
        logs.setdefault((one.channel, one.since.epoch), []).append(one)
    found = {one: await for_replay(_read_log)(some) for one, some in logs.items()}
    return [_share(one, found[one.channel, one.since.epoch]) for one in batch]


def _read_log(batch: Sequence[Missed]) -> list[tuple[int, str]]:
    """Return all events that any of `batch` missed, which is of one history of a channel."""
    first = min(batch, key=lambda one: one.since.offset)
    last = max(one.last for one in batch)
    return log.events_after(first.channel, first.since, limit=last - first.since.offset)


def _share(missed: Missed, events: Sequence[tuple[int, str]]) -> list[str]:
    """Return of a batch's events those that one missed, or none if not all are there."""
    first, count = missed.since.offset + 1, missed.last - missed.since.offset
    if not events or events[0][0] > first:
        return []
    start = first - events[0][0]
    share = [text for _, text in events[start : start + count]]
    return share if len(share) == count else []
