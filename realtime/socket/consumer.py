"""The consumer of the socket at /hitl/ws."""

import json
import uuid
from http import HTTPStatus
from typing import Any

from channels.consumer import get_handler_name
from channels.exceptions import StopConsumer
from channels.generic.websocket import AsyncJsonWebsocketConsumer
from django.conf import settings
from django.db import Error as DatabaseError

from realtime import metrics, replay
from realtime.access import Identity, InvalidToken
from realtime.hub import get_hub
from realtime.messages import (
    ConnectionAck,
    Error,
    Message,
    Pong,
    SubscriptionConfirmed,
    UnsubscriptionConfirmed,
)
from realtime.registry import CHANNELS, LAST_VALUES, LOGS
from realtime.socket.close_codes import (
    AT_CAPACITY,
    FLOODING,
    INVALID_DATA,
    INVALID_TOKEN,
    MESSAGE_TOO_BIG,
    TRY_AGAIN_LATER,
    UNSUPPORTED_DATA,
    CloseCode,
)
from realtime.socket.limits import Patience
from realtime.socket.log import SocketLog
from realtime.socket.origins import origin_allowed
from realtime.socket.requests import (
    Ack,
    InvalidMessage,
    Ping,
    Request,
    Subscribe,
    Unsubscribe,
    parse_request,
)
from realtime.socket.writer import Burst, writer_for
from realtime.token_bucket import TokenBucket

NO_DATABASE = "The database is unavailable"


class ForbiddenChannel(InvalidMessage):
    """A request names channels that the user may not read."""

    code = "FORBIDDEN_CHANNEL"

    def __init__(self, channels: list[str]) -> None:
        super().__init__(f"You may not read: {', '.join(channels)}")
        self.details = {"channels": channels}


class HITLConsumer(AsyncJsonWebsocketConsumer):
    """Answers ping, subscribe, unsubscribe and ack, and registers the socket with the hub."""

    joined = False
    identity: Identity

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve one socket, and leave the hub however it ends.

        Channels would run a task for each event, as its consumers may also listen to a group, and
        clean up database connections, which no handler of this one uses.
        """
        self.scope, self.base_send = scope, send
        try:
            while True:
                await self.dispatch(await receive())
        except StopConsumer:
            pass
        finally:
            self.leave()

    async def dispatch(self, message: dict[str, Any]) -> None:
        """Handle one ASGI event."""
        await getattr(self, get_handler_name(message))(message)

    # -- Opening and closing ----------------------------------------------------------------

    async def connect(self) -> None:
        self.client_id = uuid.uuid4()
        self.hub = get_hub()
        self.log = SocketLog(self.scope, self.client_id, self.hub.broadcasts)
        self.subscribed: set[str] = set()
        self.patience = Patience(self.scope)
        self.messages = TokenBucket(settings.HITL_WS_RATE_PER_MINUTE)
        self.warnings = TokenBucket(settings.HITL_WS_RATE_PER_MINUTE)
        limit = settings.HITL_WS_QUEUE_BYTES
        self.writer = writer_for(self.scope, self.base_send, limit=limit)
        if not origin_allowed(self.scope):
            self.log.refused(HTTPStatus.FORBIDDEN, "Wrong origin")
            metrics.REFUSED_ORIGINS.inc()
            await self.close()  # before accepting, so the upgrade gets HTTP 403
            return
        if self.hub.sockets.is_full():
            await self.refuse(AT_CAPACITY)
            return
        rechecks = self.hub.revocation.rechecks
        try:
            identity = await self.hub.admission.identity_of(self.scope)
            await self.hub.start()
        except InvalidToken:
            await self.refuse(INVALID_TOKEN)
            return
        except DatabaseError:
            await self.refuse(TRY_AGAIN_LATER, NO_DATABASE)
            return
        await self.accept()
        if not self.hub.sockets.has_room_for(identity):
            self.note_refusal(AT_CAPACITY)
            await self.end(AT_CAPACITY)
            return
        self.join(identity, rechecks)
        self.send_message(
            ConnectionAck(
                client_id=self.client_id,
                message=f"Connected to HITL WebSocket. Client ID: {self.client_id}",
            )
        )

    async def refuse(self, code: CloseCode, reason: str = "") -> None:
        """Accept and close at once: without accepting, a browser would not see the code."""
        self.note_refusal(code, reason)
        await self.accept()
        await self.end(code, reason)

    def note_refusal(self, code: CloseCode, reason: str = "") -> None:
        self.log.refused(code, reason or code.reason)
        metrics.count_close(code)

    async def end(self, code: CloseCode, reason: str = "") -> None:
        """Close the socket with a code, after what was written before."""
        reason = reason or code.reason
        await self.writer.flush()
        if self.writer.closed:
            return  # closed meanwhile, for another reason
        self.writer.discard()
        self.log.ends(code, reason)
        await self.close(code, reason)

    async def websocket_disconnect(self, message: dict[str, Any]) -> None:
        self.log.ends(*(self.writer.ended_with or (message["code"], message.get("reason"))))
        raise StopConsumer

    def expel(self, code: CloseCode, reason: str = "") -> None:
        """Close the socket at once: the user has lost the right to its subscriptions."""
        self.writer.end(code, reason)
        self.hub.unsubscribe(self.writer)

    def check(self, now: float) -> None:
        """Close the socket if it was open or silent for too long, or its client does not read.

        `now` is of the monotonic clock. The hub calls this every few seconds.
        """
        if ending := self.patience.ending(now):
            self.expel(*ending)
        else:
            self.writer.check(now)

    def join(self, identity: Identity, rechecks: int) -> None:
        self.identity = identity
        self.joined = True
        self.hub.sockets.add(self)
        self.hub.revocation.watch(self, since=rechecks)
        metrics.CONNECTIONS.inc()
        metrics.ACTIVE.inc()
        self.log.opened(identity)

    def leave(self) -> None:
        if self.joined:
            self.joined = False
            self.writer.discard()
            self.hub.unsubscribe(self.writer)
            self.hub.sockets.discard(self)
            metrics.ACTIVE.dec()
            metrics.count_close(self.log.closed())

    # -- Messages -----------------------------------------------------------------------------

    async def receive(
        self, text_data: str | None = None, bytes_data: bytes | None = None, **_: Any
    ) -> None:
        if self.writer.closed:
            return
        self.log.received += 1
        self.patience.pulse.beat()
        if not self.messages.take():
            await self.warn()
        elif text_data is None:
            await self.end(UNSUPPORTED_DATA)
        elif len(text_data.encode()) > settings.HITL_WS_MAX_MESSAGE_BYTES:
            await self.end(MESSAGE_TOO_BIG)
        else:
            try:
                content = await self.decode_json(text_data)
            except (ValueError, RecursionError):
                await self.end(INVALID_DATA)
            else:
                await self.receive_json(content)

    async def warn(self) -> None:
        """Warn a client that it sends too much; close its socket after many warnings."""
        if self.warnings.take():
            self.send_message(Error(error_code="RATE_LIMITED", error_message="Rate limit exceeded"))
        else:
            await self.end(FLOODING)

    @classmethod
    async def decode_json(cls, text_data: str) -> Any:
        content = json.loads(text_data, parse_constant=_refuse)
        if "\\u" in text_data:  # half a surrogate pair is valid JSON, but cannot be sent back
            json.dumps(content, ensure_ascii=False).encode()
        return content

    async def receive_json(self, content: Any, **_: Any) -> None:
        try:
            await self.answer(parse_request(content))
        except InvalidMessage as error:
            self.send_message(
                Error(error_code=error.code, error_message=str(error), details=error.details)
            )

    async def answer(self, request: Request) -> None:
        match request:
            case Ping():
                self.send_message(Pong(positions=self.hub.positions(self.subscribed)))
            case Subscribe():
                await self.subscribe(request)
            case Unsubscribe():
                self.unsubscribe(request)
            case Ack():
                self.note_lag(request)

    def note_lag(self, request: Ack) -> None:
        """Record how far the client lags on the logs it subscribed to."""
        for name, last in self.hub.positions(self.subscribed).items():
            if name in request.positions:
                metrics.of(name).client_lag.observe(max(0, last.offset - request.positions[name]))

    async def subscribe(self, request: Subscribe) -> None:
        channels = self.readable(request.channels)
        self.subscribed.update(channels)  # before any await, as the permission may be lost
        since = {
            name: at for name, at in request.since.items() if name in LOGS and name in channels
        }
        try:
            for name, position in since.items():
                await self.hub.reach(position, name)
            values = [await self.hub.latest(name) for name in channels if name in LAST_VALUES]
            # From here on, live events wait in the buffer. This is where replay and live events
            # join.
            buffer = replay.ReplayBuffer(self.hub, self.writer, channels)
            self.log.follows(channels)
            try:
                past = {
                    name: await replay.read(self.hub.log_reader, name, at, buffer.since[name])
                    for name, at in since.items()
                }
                self.send_message(confirmation(request, buffer, past))
                for missed in past.values():
                    await self.writer.write_all(missed.events)
                    self.log.sent += len(missed.events)
                for value in filter(None, values if request.snapshot else []):
                    self.send_message(value)
                await buffer.open()
            finally:
                buffer.remove()
        except DatabaseError:
            await self.end(TRY_AGAIN_LATER, NO_DATABASE)

    def readable(self, names: list[str]) -> list[str]:
        """Return the channels in `names`; raise ForbiddenChannel if the user may not read one."""
        channels = [name for name in dict.fromkeys(names) if name in CHANNELS]
        if forbidden := [name for name in channels if name not in self.identity.channels]:
            raise ForbiddenChannel(forbidden)
        return channels

    def unsubscribe(self, request: Unsubscribe) -> None:
        channels = [name for name in request.channels if name in CHANNELS]
        self.hub.unsubscribe(self.writer, channels)
        self.log.leaves(channels)
        self.subscribed.difference_update(channels)
        self.send_message(UnsubscriptionConfirmed(channels=request.channels))

    def send_message(self, message: Message) -> None:
        self.log.sent += 1
        self.writer.write(Burst([message.encode()]))


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")  # although Python would parse it


def confirmation(
    request: Subscribe, buffer: replay.ReplayBuffer, past: dict[str, replay.Replay]
) -> SubscriptionConfirmed:
    return SubscriptionConfirmed(
        channels=request.channels,
        positions=buffer.since,
        recovered={name: found.reason is None for name, found in past.items()},
        reason={name: found.reason for name, found in past.items() if found.reason},
    )
