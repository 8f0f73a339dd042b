"""Every message of the socket, declared once; documents and tests are made from here.

The wire format is described in docs/protocol.md.
"""

from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer, StringConstraints
from pydantic import ValidationError as ShapeError

CHANNEL_NAME_LENGTH = 100
CHANNELS_AT_ONCE = 64
ADDED = "added"
"""Describes a field that came to the protocol later; events from before are without it."""


def now() -> datetime:
    return datetime.now(UTC)


def wire_time(moment: datetime) -> str:
    """A moment as it stands on the wire: UTC, microseconds, a trailing Z."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


Timestamp = Annotated[datetime, PlainSerializer(wire_time, return_type=str)]


class Position(BaseModel):
    """A place in a channel's log: the epoch it belongs to and the offset of an event in it."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)

    epoch: Annotated[str, StringConstraints(max_length=64)]
    offset: Annotated[int, Field(ge=0, lt=2**63)]


# -- Client to server -------------------------------------------------------------------------

Refusal = Literal["epoch", "ahead", "too_far", "truncated"]
"""Why a log cannot be replayed from a position, and the client must reload."""

ChannelName = Annotated[str, StringConstraints(max_length=CHANNEL_NAME_LENGTH)]


class Request(BaseModel):
    """A message from a client; fields it does not know are ignored, for clients to come."""

    model_config = ConfigDict(extra="ignore", strict=True)


class Ping(Request):
    """Asks for a pong, to show that the line is alive."""

    type: Literal["ping"]
    timestamp: str | None = None


class Subscribe(Request):
    """Asks for the events of channels, from now on or from a position."""

    type: Literal["subscribe"]
    channels: list[ChannelName] = []
    since: dict[ChannelName, Position] = {}
    snapshot: bool = False


class Unsubscribe(Request):
    """Asks for no more events of channels."""

    type: Literal["unsubscribe"]
    channels: list[ChannelName] = []


class Ack(Request):
    """Says how far a client has come; nothing answers it."""

    type: Literal["ack"]
    positions: dict[ChannelName, Annotated[int, Field(ge=0, lt=2**63)]]


REQUESTS: dict[str, type[Request]] = {
    "ping": Ping,
    "subscribe": Subscribe,
    "unsubscribe": Unsubscribe,
    "ack": Ack,
}


class InvalidMessage(Exception):
    """A client's message cannot be taken; the socket answers an error and stays open."""

    code = "INVALID_MESSAGE"
    details: dict[str, Any] | None = None
    """What a program needs to know besides the words."""


class TooManyChannels(InvalidMessage):
    """A request names more distinct channels than one socket may have."""

    code = "TOO_MANY_CHANNELS"


def parse_request(content: Any) -> Request:
    """The request that decoded JSON holds; InvalidMessage says what is wrong with it."""
    if not isinstance(content, dict):
        raise InvalidMessage("Message must be a JSON object")
    kind = content.get("type")
    if kind is None:
        raise InvalidMessage("Message missing 'type' field")
    model = REQUESTS.get(kind) if isinstance(kind, str) else None
    if model is None:
        raise InvalidMessage(f"Unknown message type: {str(kind)[:100]}")
    try:
        request = model.model_validate(content)
    except ShapeError as error:
        raise InvalidMessage(describe(error)) from None
    if len(set(getattr(request, "channels", ()))) > CHANNELS_AT_ONCE:
        raise TooManyChannels(f"Field 'channels': more than {CHANNELS_AT_ONCE} distinct channels")
    return request


def describe(error: ShapeError) -> str:
    """The first fault of a message in words: the field, then the reason."""
    fault = error.errors(include_url=False, include_context=False, include_input=False)[0]
    field = ".".join(str(part) for part in fault["loc"])
    return f"Field '{field[:200]}': {fault['msg']}"


# -- Server to client -------------------------------------------------------------------------


class Message(BaseModel):
    """A message from the server."""

    model_config = ConfigDict(extra="forbid")

    type: str
    timestamp: Timestamp = Field(default_factory=now)

    def encode(self) -> str:
        """The message as JSON text, ready to send."""
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
    """Answers a subscribe: the channels as asked, and where their logs stand."""

    type: Literal["subscription_confirmed"] = "subscription_confirmed"
    channels: list[str]
    positions: dict[str, Position]
    recovered: dict[str, bool]
    reason: dict[str, Refusal]


class UnsubscriptionConfirmed(Message):
    """Answers an unsubscribe: the channels as asked."""

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
    """A message that lives in a log; `publish` gives it its offset."""

    log: ClassVar[str]

    channel: str
    offset: int = 0


class NewAPV(LogMessage):
    """An APV was added."""

    log = "apvs"

    type: Literal["new_apv"] = "new_apv"
    apv_id: UUID
    apv_code: str
    severity: Literal["CRITICAL", "HIGH", "MEDIUM", "LOW"]
    cve_id: str | None
    package_name: str
    channel: Literal["apvs"] = "apvs"


class DecisionMade(LogMessage):
    """A person decided on an APV."""

    log = "decisions"

    type: Literal["decision_made"] = "decision_made"
    decision_id: UUID
    apv_id: UUID
    apv_code: str
    decision: Literal["approve", "reject", "modify", "escalate", "dismiss"]
    reviewer_name: str
    action_taken: Literal[
        "pr_merged", "pr_closed", "changes_requested", "assigned_to_lead", "dismissed"
    ]
    apv_version: int = Field(description=ADDED)
    diff_sha256: str = Field(description=ADDED)
    channel: Literal["decisions"] = "decisions"


class StatsUpdate(Message):
    """The numbers of the review changed; only the latest ones are ever sent."""

    type: Literal["stats_update"] = "stats_update"
    pending_reviews: int
    total_decisions: int
    decisions_today: int


MESSAGES: tuple[type[Message], ...] = (
    ConnectionAck,
    Pong,
    SubscriptionConfirmed,
    UnsubscriptionConfirmed,
    NewAPV,
    DecisionMade,
    StatsUpdate,
    Error,
)
