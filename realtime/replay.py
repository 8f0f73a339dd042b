"""Resume a socket from a position, without losing or repeating an event."""

from collections.abc import Iterable
from typing import NamedTuple

from django.conf import settings

from realtime import metrics
from realtime.hub import Hub
from realtime.log_reader import LogReader, Missed
from realtime.messages import Position, Refusal
from realtime.socket.writer import Burst, Writer


class ReplayBuffer:
    """Takes a socket's place in the hub while its history is read, and holds live events meanwhile.

    `since` has the position of each log when the buffer took the socket's place. Later events come
    through the buffer, earlier ones from the replay. The buffer has the same limit as the socket's
    queue.
    """

    def __init__(self, hub: Hub, writer: Writer, channels: Iterable[str]) -> None:
        self._hub = hub
        self._writer = writer
        self._channels = list(channels)
        self._held: list[str] = []
        self._size = 0
        hub.unsubscribe(writer, self._channels)
        self.since: dict[str, Position] = hub.subscribe(self, self._channels)

    def write(self, burst: Burst) -> None:
        self._held.extend(burst.texts)
        self._size += burst.size
        if self._size > self._writer.limit:
            self._held.clear()
            self._writer.overrun()

    def restart(self) -> None:
        self._writer.restart()

    async def open(self) -> None:
        """Send the events that waited; from now on the socket receives events itself."""
        while self._held and not self._writer.closed:
            held, self._held, self._size = self._held, [], 0
            await self._writer.write_all(held)
        self._hub.replace(self, self._writer, self._channels)

    def remove(self) -> None:
        """Remove the buffer, for a socket that closes before it was opened."""
        self._hub.unsubscribe(self, self._channels)


class Replay(NamedTuple):
    """The events a client missed, or the reason why it must reload."""

    events: list[str]
    reason: Refusal | None = None


async def read(reader: LogReader, channel: str, since: Position, now: Position) -> Replay:
    """Return the events of `channel` after `since`, up to `now`. Raise DatabaseError."""
    replay = await _read(reader, channel, since, now)
    metrics.count_resume(channel, len(replay.events), replay.reason)
    return replay


async def _read(reader: LogReader, channel: str, since: Position, now: Position) -> Replay:
    reason = refusal(since, now)
    if reason is not None or since.offset == now.offset:
        return Replay([], reason)
    events = await reader.events(Missed(channel, since, now.offset))
    return Replay(events, reason=None if events else "truncated")


def refusal(since: Position, now: Position) -> Refusal | None:
    """Return why a log at `now` cannot be replayed from `since`, if the positions alone show it."""
    if since.epoch != now.epoch:
        return "epoch"
    if since.offset > now.offset:
        return "ahead"
    if now.offset - since.offset > settings.HITL_REPLAY_LIMIT:
        return "too_far"
    return None
