"""Which sockets of this process subscribe to which channels, and writing to all of them at once."""

import time
from collections.abc import Iterable, Iterator, Mapping
from itertools import combinations
from typing import Protocol

from realtime import metrics
from realtime.registry import CHANNELS
from realtime.socket.writer import Burst


class Subscriber(Protocol):
    """One socket, as the hub sees it."""

    def write(self, burst: Burst) -> None:
        """Send messages, after those before them."""

    def restart(self) -> None:
        """Make the client connect again: its position is no longer valid."""


class Subscribers:
    """The subscribers of every channel."""

    def __init__(self) -> None:
        self._of: dict[str, set[Subscriber]] = {name: set() for name in CHANNELS}
        self.broadcasts = dict.fromkeys(CHANNELS, 0)
        """How many messages each channel's subscribers were sent."""

    def add(self, subscriber: Subscriber, channels: Iterable[str]) -> None:
        for channel in channels:
            self._of[channel].add(subscriber)
            metrics.of(channel).subscribers.set(len(self._of[channel]))

    def discard(self, subscriber: Subscriber, channels: Iterable[str]) -> None:
        for channel in channels:
            self._of[channel].discard(subscriber)
            metrics.of(channel).subscribers.set(len(self._of[channel]))

    def of(self, channel: str) -> set[Subscriber]:
        return self._of[channel]

    def write(self, bursts: Mapping[str, Burst]) -> None:
        """Send the bursts of one or several channels, in one write to each socket."""
        began = time.perf_counter()
        for channels, subscribers in self._by_channels(list(bursts)):
            burst = Burst([text for channel in channels for text in bursts[channel].texts])
            for subscriber in subscribers:
                subscriber.write(burst)
        seconds = time.perf_counter() - began
        for channel, burst in bursts.items():
            self.broadcasts[channel] += len(burst.texts)
            sent = len(burst.texts) * len(self._of[channel])
            metrics.count_broadcast(channel, sent, seconds)

    def _by_channels(
        self, channels: list[str]
    ) -> Iterator[tuple[tuple[str, ...], set[Subscriber]]]:
        """Return the subscribers of `channels`, grouped by those of them that they subscribe to."""
        seen: set[Subscriber] = set()
        heard = [channel for channel in channels if self._of[channel]]
        for count in range(len(heard), 0, -1):
            for some in combinations(heard, count):
                found = set.intersection(*(self._of[one] for one in some)) - seen
                seen |= found
                yield some, found
