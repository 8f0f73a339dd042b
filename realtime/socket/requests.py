"""What clients ask of a socket, declared once; documents and tests are made from here."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from pydantic import ValidationError as ShapeError

from realtime.messages import Position

CHANNEL_NAME_LENGTH = 100
CHANNELS_AT_ONCE = 64

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
    """Says up to which events a client has handled; it is counted, and nothing answers it."""

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
