"""Messages from clients, declared once. Documents and tests are generated from them."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from pydantic import ValidationError as ShapeError

from realtime.messages import Position

CHANNEL_NAME_LENGTH = 100
CHANNELS_AT_ONCE = 64

ChannelName = Annotated[str, StringConstraints(max_length=CHANNEL_NAME_LENGTH)]


class Request(BaseModel):
    """A message from a client. Unknown fields are ignored, for the sake of newer clients."""

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
    """Says up to which events a client has handled. The server counts it and sends no answer."""

    type: Literal["ack"]
    positions: dict[ChannelName, Annotated[int, Field(ge=0, lt=2**63)]]


REQUESTS: dict[str, type[Request]] = {
    "ping": Ping,
    "subscribe": Subscribe,
    "unsubscribe": Unsubscribe,
    "ack": Ack,
}


class InvalidMessage(Exception):
    """A client's message is not valid. The socket answers with an error and stays open."""

    code = "INVALID_MESSAGE"
    details: dict[str, Any] | None = None
    """What a program needs to know besides the words."""


class TooManyChannels(InvalidMessage):
    """A request names more distinct channels than one socket may have."""

    code = "TOO_MANY_CHANNELS"


def parse_request(content: Any) -> Request:
    """Return the request in decoded JSON. Raise InvalidMessage, which says what is wrong."""
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
    """Return the first error in words: the field, then the reason."""
    fault = error.errors(include_url=False, include_context=False, include_input=False)[0]
    field = ".".join(str(part) for part in fault["loc"])
    return f"Field '{field[:200]}': {fault['msg']}"
