"""The channels a socket may subscribe to: what each carries and who may read it.

A channel is also the name of its group in the channel layer. A log keeps every event under an
offset; a state has only a latest value.
"""

from collections.abc import Callable
from dataclasses import dataclass

from realtime.messages import Message


@dataclass(frozen=True)
class Log:
    """A channel of numbered events, all of which reach every subscriber."""

    name: str
    permission: str


@dataclass
class State:
    """A channel that carries its latest value only; `read` computes it from the database."""

    name: str
    permission: str
    read: Callable[[], Message] | None = None

    def value(self) -> Message:
        """What the state is now. Raises DatabaseError when that cannot be read."""
        assert self.read is not None, f"nothing reads the state {self.name}"
        return self.read()


STATE_SECONDS = 0.25
"""How long a state that was just told rests before it is told again."""

APVS = Log("apvs", permission="reviews.view_apv")
DECISIONS = Log("decisions", permission="reviews.view_decision")
STATS = State("stats", permission="reviews.view_stats")

LOGS = {channel.name: channel for channel in (APVS, DECISIONS)}
STATES = {channel.name: channel for channel in (STATS,)}
CHANNELS: dict[str, Log | State] = {**LOGS, **STATES}
