"""Messages from the server: the socket's own, and the base of the messages of channels.

Apps declare the messages of their channels (`realtime.registry`). docs/protocol.md describes the
wire format.
"""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer, StringConstraints

from realtime import clock

ADDED = "added"
"""Describes a field that came to the protocol later; events from before are without it."""


def wire_time(moment: datetime) -> str:
    """Return a moment in the wire format: UTC, with microseconds and a trailing Z."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


Timestamp = Annotated[datetime, PlainSerializer(wire_time, return_type=str)]


class Position(BaseModel):
    """A place in a channel's log: the epoch it belongs to and the offset of an event in it."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)

    epoch: Annotated[str, StringConstraints(max_length=64)]
    offset: Annotated[int, Field(ge=0, lt=2**63)]


Refusal = Literal["epoch", "ahead", "too_far", "truncated"]
"""Why a log cannot be replayed from a position, and the client must reload."""


class Message(BaseModel):
    """A message from the server."""

    model_config = ConfigDict(extra="forbid")

    type: str
    timestamp: Timestamp = Field(default_factory=clock.now)

    @classmethod
    def name(cls) -> str:
        """Return the value of `type`."""
        return str(cls.model_fields["type"].default)

    def encode(self) -> str:
        """Return the message as JSON text, ready to send."""
        return self.model_dump_json()


class ConnectionAck(Message):
    """The first message on every accepted socket."""

    type: Literal["connection_ack"] = "connection_ack"
    client_id: UUID
    message: str


class Pong(Message):
    """Answers a ping, with the positions of the subscribed logs."""

    type: Literal["pong"] = "pong"
    positions: dict[str, Position]


class SubscriptionConfirmed(Message):
    """Answers a subscribe: the channels as requested, and the positions of their logs."""

    type: Literal["subscription_confirmed"] = "subscription_confirmed"
    channels: list[str]
    positions: dict[str, Position]
    recovered: dict[str, bool]
    reason: dict[str, Refusal]


class UnsubscriptionConfirmed(Message):
    """Answers an unsubscribe: the channels as requested."""

    type: Literal["unsubscription_confirmed"] = "unsubscription_confirmed"
    channels: list[str]


class Error(Message):
    """Says why a request was not carried out; the socket stays open."""

    type: Literal["error"] = "error"
    error_code: str
    error_message: str
    details: dict[str, Any] | None = None

    def encode(self) -> str:
        return self.model_dump_json(exclude_none=True)


class LogMessage(Message):
    """A message in the log of its channel; `log.append` gives it its offset."""

    channel: str
    offset: int = 0


MESSAGES: tuple[type[Message], ...] = (
    ConnectionAck,
    Pong,
    SubscriptionConfirmed,
    UnsubscriptionConfirmed,
    Error,
)
"""The messages of the socket itself."""
