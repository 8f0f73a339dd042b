"""The channels a socket may subscribe to: what each carries and who may read it.

Apps register theirs when they are ready; this app has none of its own. A channel's name is also the
name of its group in the channel layer.
"""

from collections.abc import Callable
from dataclasses import dataclass

from realtime import metrics
from realtime.messages import LogMessage, Message


@dataclass(frozen=True)
class LogChannel:
    """A channel of numbered events, all of which reach every subscriber.

    `messages` are the events it carries; `permission` is what a user needs to read them.
    """

    name: str
    permission: str
    messages: tuple[type[LogMessage], ...]


@dataclass(frozen=True)
class LastValueChannel:
    """A channel that carries only its latest value.

    `read` computes the value from the database, and raises DatabaseError if it cannot.
    """

    name: str
    permission: str
    message: type[Message]
    read: Callable[[], Message]

    @property
    def messages(self) -> tuple[type[Message], ...]:
        return (self.message,)


Channel = LogChannel | LastValueChannel

LOGS: dict[str, LogChannel] = {}
LAST_VALUES: dict[str, LastValueChannel] = {}
CHANNELS: dict[str, Channel] = {}
"""All of both, by name, in the order in which they were registered."""


def register(*channels: Channel) -> None:
    """Add channels. Raise ValueError for a taken name, or an event that names another channel."""
    for channel in channels:
        if channel.name in CHANNELS:
            raise ValueError(f"There is a channel {channel.name!r} already.")
        if isinstance(channel, LogChannel):
            _check_events(channel)
            LOGS[channel.name] = channel
        else:
            LAST_VALUES[channel.name] = channel
        CHANNELS[channel.name] = channel
        metrics.add_channel(channel.name, [one.name() for one in channel.messages])


def _check_events(channel: LogChannel) -> None:
    for message in channel.messages:
        if message.model_fields["channel"].default != channel.name:
            raise ValueError(f"{message.__name__} is no event of the channel {channel.name!r}.")


def messages() -> tuple[type[Message], ...]:
    """Return the messages of all channels, each once."""
    return tuple(message for channel in CHANNELS.values() for message in channel.messages)
