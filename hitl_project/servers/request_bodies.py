"""Receive a request's body within a time limit and a size limit.

Uvicorn passes a body on as it comes, and Django would write all of it to disk before any view runs.
Limits that apply before the request is complete are in `uvicorn_http`.
"""

import asyncio
import contextlib
from http import HTTPStatus

from django.conf import settings

from hitl_project.servers import body_sizes, large_webhooks
from hitl_project.servers.asgi_types import Application, Message, Receive, Scope, Send

REFUSED = "hitl.refused"
"""Where a scope says with which status the application is to refuse the request."""
LINGER_SECONDS = 2.0
"""How long a client that is still sending is heard after its refusal, so that it can read it."""
END: Message = {"type": "http.request", "body": b"", "more_body": False}


class BoundedBodies:
    """An ASGI application that passes `app` each body, or its beginning and a refusal.

    The refusal is in the scope under REFUSED, and no code may use the body then.
    """

    def __init__(self, app: Application) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = BoundedBody(scope, receive, send)
        try:
            await self._app(scope, body.receive, body.send)
        finally:
            body.end()


class BoundedBody:
    """One request's body on its way to the application, and the response."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._scope, self._receive, self._send = scope, receive, send
        self._bound = body_sizes.for_anybody()
        self._sender_is_known = False
        self._size = 0
        self._is_there = False
        self._is_cut = False
        self._has_room = False
        self._until = asyncio.get_running_loop().time() + settings.HITL_REQUEST_SECONDS

    async def receive(self) -> Message:
        if self._is_there:
            return await self._next_after_the_end()
        if not await self._may_be(declared_length(self._scope)):
            return self._refuse(self._bound.refusal)
        try:
            async with asyncio.timeout_at(self._until):
                message = await self._receive()
        except TimeoutError:
            return self._refuse(HTTPStatus.REQUEST_TIMEOUT)
        self._size += len(message.get("body", b""))
        if not await self._may_be(self._size):
            return self._refuse(self._bound.refusal)
        self._is_there = not message.get("more_body", False)
        return message

    async def _may_be(self, size: int) -> bool:
        """Return whether the body may have `size` bytes; look up the sender of a large one."""
        if size > self._bound.most and not self._sender_is_known:
            self._sender_is_known = True
            if large_webhooks.is_webhook(self._scope["path"]):
                self._bound = await self._as_large_webhook(size)
            else:
                self._bound = await body_sizes.look_up(self._scope)
        return size <= self._bound.most

    async def _as_large_webhook(self, size: int) -> body_sizes.Bound:
        """Wait for room, unless it is too large in any case."""
        if size <= large_webhooks.MOST_BYTES:
            self._has_room = await large_webhooks.take_room()
            if not self._has_room:
                return self._bound._replace(refusal=HTTPStatus.SERVICE_UNAVAILABLE)
            now = asyncio.get_running_loop().time()
            self._until = min(self._until, now + large_webhooks.SECONDS)
        return self._bound._replace(most=large_webhooks.MOST_BYTES)

    def end(self) -> None:
        """Give up the room that the body took."""
        if self._has_room:
            self._has_room = False
            large_webhooks.leave_room()

    def _refuse(self, status: HTTPStatus) -> Message:
        self._scope[REFUSED] = status
        self._is_there = self._is_cut = True
        return END

    async def _next_after_the_end(self) -> Message:
        """Return the client's disconnect. Parts of a refused body may come before; skip them."""
        if self._is_cut:
            await asyncio.Event().wait()
        return await self._receive()

    async def send(self, message: Message) -> None:
        if not self._is_cut:
            await self._send(message)
        elif message["type"] == "http.response.start":
            headers = [*message["headers"], (b"connection", b"close")]
            await self._send({**message, "headers": headers})
        elif message.get("more_body", False):
            await self._send(message)
        else:
            await self._send({**message, "more_body": True})
            await self._linger()
            await self._send({"type": "http.response.body"})

    async def _linger(self) -> None:
        """Drop what still comes: closing now would reset the connection, and lose the response."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LINGER_SECONDS):
                while (await self._receive()).get("more_body", False):
                    pass


def declared_length(scope: Scope) -> int:
    """Return the value of Content-Length, or 0."""
    for name, value in scope["headers"]:
        if name == b"content-length":
            return int(value) if value.isdigit() else 0
    return 0
