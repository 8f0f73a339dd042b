"""One connection to the socket: subscribe, deliver the next events, and ask for what is missing.

A channel's events come in order and each once, as docs/protocol.md says; after a gap they are asked
for again. What the server cannot replay becomes a Reload.
"""

import json
import logging
import time
from collections.abc import Generator, Mapping
from datetime import UTC, datetime
from typing import Any, Literal

from pydantic import ValidationError

from hitl_client.errors import Forbidden, RequestRefused
from hitl_client.messages import (
    MESSAGES,
    ConnectionAck,
    Error,
    Pong,
    SubscriptionConfirmed,
    UnsubscriptionConfirmed,
)
from hitl_client.model import Event, Message
from hitl_client.positions import Positions
from hitl_client.records import Position
from hitl_client.steps import Deliver, Ended, Receive, Steps, Transmit

logger = logging.getLogger("hitl_client")

PING_SECONDS = 30.0
"""How often the server is asked whether anything is missing."""
ANSWER_SECONDS = 15.0
"""How long an answer may take; then the connection counts as dead."""


class Reload(Message):
    """Events of a channel are lost to this program: read its list again over REST.

    `reason` is the server's, or `gap` if it left out an event. Events after `position` follow.
    """

    type: Literal["reload"] = "reload"
    channel: str
    reason: str
    position: Position


class NoLongerAllowed(Message):
    """The user may not read these channels; the others go on."""

    type: Literal["no_longer_allowed"] = "no_longer_allowed"
    channels: list[str]


class Line:
    """One connection. Those of `channels` that the user may not read are taken out of the list."""

    def __init__(self, channels: list[str], positions: Positions) -> None:
        self.channels, self.positions = channels, positions
        self.was_ready = False
        """Whether all channels were confirmed."""
        self._asked: set[str] = set()
        """The channels without a confirmation yet."""
        self._gaps: dict[str, Position] = {}
        """The last event before the gap that was asked for, by channel."""
        self._ping_at = time.monotonic() + PING_SECONDS
        self._answer_by: float | None = time.monotonic() + ANSWER_SECONDS
        """When the connection counts as dead; None if nothing was asked."""

    def events(self) -> Steps[Ended]:
        """Deliver what comes, and return why the connection ended."""
        while True:
            received = yield Receive(self._patience())
            if isinstance(received, Ended):
                return received
            if received is not None:
                yield from self._take(read_message(received))
            elif self._answer_by is not None and time.monotonic() >= self._answer_by:
                return Ended(error=TimeoutError("no answer came"))
            if time.monotonic() >= self._ping_at:
                yield from self._ping()

    def _patience(self) -> float:
        until = min(self._ping_at, self._answer_by or self._ping_at)
        return max(0.0, until - time.monotonic())

    # -- What is sent -------------------------------------------------------------------------

    def _subscribe(self, channels: list[str]) -> Steps[None]:
        self._asked.update(channels)
        since = {name: one.model_dump() for name, one in self.positions.of(channels).items()}
        yield from self._ask(type="subscribe", channels=channels, since=since, snapshot=True)

    def _ping(self) -> Steps[None]:
        """Ask for the positions, and tell the program's, for the server's metric of lag."""
        self._ping_at = time.monotonic() + PING_SECONDS
        offsets = {name: one.offset for name, one in self.positions.of(self.channels).items()}
        yield Transmit(json.dumps({"type": "ack", "positions": offsets}))
        yield from self._ask(type="ping", timestamp=datetime.now(UTC).isoformat())

    def _ask(self, **message: Any) -> Steps[None]:
        self._answer_by = self._answer_by or time.monotonic() + ANSWER_SECONDS
        yield Transmit(json.dumps(message))

    # -- What comes ---------------------------------------------------------------------------

    def _take(self, message: Message) -> Steps[None]:
        match message:
            case ConnectionAck():
                yield from self._subscribe(self.channels)
            case SubscriptionConfirmed():
                yield from self._confirmed(message)
            case Pong():
                self._answer_by = self._answer_by if self._asked else None
                yield from self._compare(message.positions)
            case Error():
                yield from self._refused(message)
            case Event():
                yield from self._apply(message)
            case UnsubscriptionConfirmed():
                pass
            case _:
                yield Deliver(message)

    def _confirmed(self, message: SubscriptionConfirmed) -> Steps[None]:
        self._asked.difference_update(message.channels)
        for channel, top in message.positions.items():
            if self.positions.get(channel) is None:
                self.positions.set(channel, top)
            elif not message.recovered.get(channel, True):
                yield from self._reload(channel, message.reason.get(channel, "unknown"), top)
        if not self._asked:
            self._answer_by, self.was_ready = None, True
            logger.info("Following %s.", ", ".join(self.channels))

    def _apply(self, event: Event) -> Steps[None]:
        """Deliver an event if it is the next one; ask for those that are missing before it."""
        last = self.positions.get(event.channel)
        if last is None or event.offset <= last.offset:
            return
        here = Position(epoch=last.epoch, offset=event.offset)
        if event.offset > last.offset + 1:
            before = Position(epoch=last.epoch, offset=event.offset - 1)
            if not (yield from self._fill(event.channel, last, before)):
                return
        yield Deliver(event)
        self.positions.set(event.channel, here)

    def _compare(self, positions: Mapping[str, Position]) -> Steps[None]:
        """Ask for what is missing: a pong comes after all events that were sent before it."""
        for channel, top in positions.items():
            last = self.positions.get(channel)
            if last and (top.epoch != last.epoch or top.offset > last.offset):
                yield from self._fill(channel, last, top)

    def _fill(self, channel: str, last: Position, top: Position) -> Generator[Any, Any, bool]:
        """Ask once for what is missing up to `top`; after that it is lost. Return whether it is."""
        if channel in self._asked:
            return False
        if self._gaps.get(channel) == last:
            yield from self._reload(channel, "gap", top)
            return True
        self._gaps[channel] = last
        yield from self._subscribe([channel])
        return False

    def _reload(self, channel: str, reason: str, top: Position) -> Steps[None]:
        told = Reload(timestamp=datetime.now(UTC), channel=channel, reason=reason, position=top)
        yield Deliver(told)
        self.positions.set(channel, top)

    # -- What is refused ----------------------------------------------------------------------

    def _refused(self, error: Error) -> Steps[None]:
        if error.error_code == "FORBIDDEN_CHANNEL":
            yield from self._leave_out((error.details or {}).get("channels", []))
        elif error.error_code == "RATE_LIMITED":
            logger.warning("The server dropped a message of ours: %s", error.error_message)
        else:
            raise RequestRefused(error.error_code, error.error_message, error.details)

    def _leave_out(self, forbidden: list[str]) -> Steps[None]:
        """Subscribe to the others: the server refuses a whole request that names one."""
        self.channels[:] = [name for name in self.channels if name not in forbidden]
        if not self.channels:
            raise Forbidden(forbidden)
        logger.warning("The user may not read %s.", ", ".join(forbidden))
        yield Deliver(NoLongerAllowed(timestamp=datetime.now(UTC), channels=forbidden))
        self._asked.clear()
        yield from self._subscribe(self.channels)


def read_message(text: str) -> Message:
    """Return the message of a text. One that this version does not know is an Event or a Message.

    Raise RequestRefused if it is none at all.
    """
    try:
        content = json.loads(text)
        known = MESSAGES.get(str(content["type"]))
        kind = known or (Event if "offset" in content and "channel" in content else Message)
        return kind.model_validate(content)
    except (ValidationError, ValueError, KeyError, TypeError):
        why = f"This is no message of a console: {text[:100]!r}"
        raise RequestRefused("UNREADABLE", why) from None
