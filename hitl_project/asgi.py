"""The ASGI application: HTTP by Django, the socket by Channels."""

import asyncio
import logging
import os
from contextlib import ExitStack
from http import HTTPStatus
from typing import Any

import django
from asgiref.sync import sync_to_async
from channels.routing import ProtocolTypeRouter, URLRouter
from django.core.handlers.asgi import ASGIHandler
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from hitl_project.embedded import servers

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hitl_project.settings")
servers.start()
django.setup(set_prefix=False)

from django.conf import settings  # noqa: E402 — these need the apps

from accounts import password_limits  # noqa: E402
from hitl_project.checks import OPEN_ACCESS  # noqa: E402
from hitl_project.servers import body_sizes, request_bodies  # noqa: E402
from hitl_project.servers.connections import allow_open_files  # noqa: E402
from hitl_project.urls import refuse_socket  # noqa: E402
from realtime import shutdown  # noqa: E402
from realtime.socket.routing import websocket_urlpatterns  # noqa: E402
from realtime.threads import DATABASE_THREADS  # noqa: E402

PROBES = {f"{settings.API_PREFIX}health{part}" for part in ("", "/live", "/ready")}
SLOT_SECONDS = 30
"""How long a request may wait for its turn."""
CONNECTIONS_OF_OTHERS = DATABASE_THREADS + body_sizes.THREADS
"""How many connections of the pool are kept for what is no request."""


class OneThreadPerRequest(ASGIHandler):
    """Runs a whole request, middleware and view, in one thread.

    All of ours is synchronous. Django's own handler would go back and forth between the loop and
    the thread around each middleware that is not. No more requests run at once than the pool has
    connections for, less those that sockets need; the others wait in the loop, for so long at most.
    Requests with passwords wait for each other before that.
    """

    def __init__(self) -> None:
        super().__init__()
        self._slots = asyncio.Semaphore(settings.HITL_DB_POOL - CONNECTIONS_OF_OTHERS)
        self._password_slots = asyncio.Semaphore(password_limits.AT_ONCE)

    def load_middleware(self, is_async: bool = False) -> None:
        super().load_middleware(is_async=False)

    async def get_response_async(self, request: HttpRequest) -> HttpResponseBase:
        respond: Any = sync_to_async(self.get_response, thread_sensitive=True)
        if request.path.rstrip("/") in PROBES:  # a probe must not wait for work
            response: HttpResponseBase = await respond(request)
        elif password_limits.are_in(request):
            response = await self._sign_in(request, respond)
        else:
            response = await self._in_turn(request, respond, self._slots)
        if shutdown.begun():
            response["Connection"] = "close"  # the client's next request is for another process
        _let_go(request)
        return response

    async def send_response(self, response: Any, send: Any) -> None:
        """Send an answer, and drop it: Django's cancelled tasks keep it until a collection."""
        await super().send_response(response, send)
        if not response.streaming:
            response.content = b""

    async def _sign_in(self, request: HttpRequest, respond: Any) -> HttpResponseBase:
        if wait := password_limits.wait(request):
            response = await _refuse(request, respond, HTTPStatus.TOO_MANY_REQUESTS)
            response["Retry-After"] = str(wait)
            return response
        return await self._in_turn(request, respond, self._password_slots, self._slots)

    async def _in_turn(
        self, request: HttpRequest, respond: Any, *queues: asyncio.Semaphore
    ) -> HttpResponseBase:
        """Respond once there is a slot in each of `queues`, which are waited for in their order."""
        try:
            with ExitStack() as slots:
                async with asyncio.timeout(SLOT_SECONDS):
                    for queue in queues:
                        await queue.acquire()
                        slots.callback(queue.release)
                work = asyncio.ensure_future(respond(request))
                held = slots.pop_all()
                work.add_done_callback(lambda _: held.close())
        except TimeoutError:
            return await _refuse(request, respond, HTTPStatus.SERVICE_UNAVAILABLE)
        return await asyncio.shield(work)  # who hangs up leaves a thread at work, and its slots


async def _refuse(request: HttpRequest, respond: Any, status: HTTPStatus) -> HttpResponseBase:
    request.scope[request_bodies.REFUSED] = status  # type: ignore[attr-defined]
    return await respond(request)  # type: ignore[no-any-return]


def _let_go(request: HttpRequest) -> None:
    """Drop what was sent.

    A request refers to itself, and a form to its data: both stay until a full collection.
    """
    if posted := request.__dict__.get("_post"):
        dict.clear(posted)
    for name in ("_body", "_stream", "_post", "_files"):
        request.__dict__.pop(name, None)


if settings.HITL_OPEN_ACCESS:
    logging.getLogger(__name__).critical(OPEN_ACCESS)  # no LOG_LEVEL hides it
allow_open_files()
application = ProtocolTypeRouter(
    {
        "http": request_bodies.BoundedBodies(OneThreadPerRequest()),
        "websocket": URLRouter([*websocket_urlpatterns, refuse_socket]),
    }
)
