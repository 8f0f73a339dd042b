"""The ASGI application: HTTP by Django, the socket by Channels."""

import asyncio
import logging
import os
from http import HTTPStatus
from typing import Any

import django
from asgiref.sync import sync_to_async
from channels.routing import ProtocolTypeRouter, URLRouter
from django.core.handlers.asgi import ASGIHandler
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from hitl_project import embedded

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hitl_project.settings")
embedded.start()
django.setup(set_prefix=False)

from django.conf import settings  # noqa: E402 — these need the apps

from hitl_project import arrival  # noqa: E402
from hitl_project.checks import OPEN_ACCESS  # noqa: E402
from hitl_project.daphne_http import bound_requests  # noqa: E402
from hitl_project.urls import refuse_socket  # noqa: E402
from realtime import leaving  # noqa: E402
from realtime.daphne_protocol import prepare_daphne  # noqa: E402
from realtime.history import DATABASE_THREADS  # noqa: E402
from realtime.routing import websocket_urlpatterns  # noqa: E402

PROBES = {"/hitl/health", "/hitl/health/live", "/hitl/health/ready"}
SLOT_SECONDS = 30
"""How long a request may wait for its turn."""


class OneThreadPerRequest(ASGIHandler):
    """Runs a whole request, middleware and view, in one thread.

    All of ours is synchronous. Django's own handler would go back and forth between the loop and
    the thread around each middleware that is not. No more requests run at once than the pool has
    connections for, less those that sockets need; the others wait in the loop, for so long at most.
    """

    def __init__(self) -> None:
        super().__init__()
        self._slots = asyncio.Semaphore(settings.HITL_DB_POOL - DATABASE_THREADS)

    def load_middleware(self, is_async: bool = False) -> None:
        super().load_middleware(is_async=False)

    async def get_response_async(self, request: HttpRequest) -> HttpResponseBase:
        respond: Any = sync_to_async(self.get_response, thread_sensitive=True)
        if request.path.rstrip("/") in PROBES:  # a probe must not wait for work
            response: HttpResponseBase = await respond(request)
        else:
            response = await self._in_turn(request, respond)
        if leaving.begun():
            response["Connection"] = "close"  # the client's next request is for another process
        return response

    async def _in_turn(self, request: HttpRequest, respond: Any) -> HttpResponseBase:
        try:
            async with asyncio.timeout(SLOT_SECONDS):
                await self._slots.acquire()
        except TimeoutError:
            request.scope[arrival.REFUSED] = HTTPStatus.SERVICE_UNAVAILABLE  # type: ignore[attr-defined]
            return await respond(request)  # type: ignore[no-any-return]
        work = asyncio.ensure_future(respond(request))
        work.add_done_callback(lambda _: self._slots.release())
        return await asyncio.shield(work)  # who hangs up leaves a thread at work, and its slot


if settings.HITL_OPEN_ACCESS:
    logging.getLogger(__name__).critical(OPEN_ACCESS)  # no LOG_LEVEL hides it
prepare_daphne()
bound_requests()
application = ProtocolTypeRouter(
    {
        "http": arrival.BoundedBodies(OneThreadPerRequest()),
        "websocket": URLRouter([*websocket_urlpatterns, refuse_socket]),
    }
)
