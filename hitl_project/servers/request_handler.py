"""Run requests in threads: how many at once, and what is freed afterwards."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from http import HTTPStatus

from asgiref.sync import sync_to_async
from django.conf import settings
from django.core.handlers.asgi import ASGIHandler
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from accounts import password_limits
from hitl_project.servers import body_sizes, request_bodies
from hitl_project.servers.asgi_types import Receive, Scope, Send
from hitl_project.servers.request_threads import RequestThreads
from realtime import shutdown
from realtime.database_threads import DATABASE_THREADS

PROBES = {f"{settings.API_PREFIX}health{part}" for part in ("", "/live", "/ready")}
SLOT_SECONDS = 30
"""How long a request may wait for its turn."""
CONNECTIONS_OF_OTHERS = DATABASE_THREADS + body_sizes.THREADS
"""How many connections of the pool are kept for what is no request."""
SENT = ("_body", "_stream", "_post", "_files")
"""Where Django keeps what a request sent."""

Respond = Callable[[HttpRequest], Awaitable[HttpResponseBase]]


class OneThreadPerRequest(ASGIHandler):
    """Runs a whole request, middleware and view, in one thread.

    All our middleware is synchronous; Django's own handler would switch between the loop and the
    thread around each asynchronous one. At most as many requests run at once as the pool has
    connections, minus those that sockets need; the others wait in the loop, for a limited time.
    Requests with passwords first wait in their own queue.
    """

    def __init__(self) -> None:
        super().__init__()
        self._slots = asyncio.Semaphore(settings.HITL_DB_POOL - CONNECTIONS_OF_OTHERS)
        self._password_slots = asyncio.Semaphore(password_limits.AT_ONCE)
        self._threads = RequestThreads()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with self._threads.one():
            await self.handle(scope, receive, send)

    def load_middleware(self, is_async: bool = False) -> None:
        super().load_middleware(is_async=False)

    async def get_response_async(self, request: HttpRequest) -> HttpResponseBase:
        respond: Respond = sync_to_async(self.get_response, thread_sensitive=True)
        if request.path.rstrip("/") in PROBES:  # a probe must not wait for other requests
            response = await respond(request)
        elif password_limits.are_in(request):
            response = await self._sign_in(request, respond)
        else:
            response = await self._in_turn(request, respond, self._slots)
        if shutdown.begun():
            response["Connection"] = "close"  # another process will serve the client's next request
        _release_body(request)
        return response

    async def send_response(self, response: HttpResponseBase, send: Send) -> None:
        """Send a response and drop it: cancelled tasks would keep it until garbage collection."""
        await super().send_response(response, send)
        if not response.streaming:
            response.content = b""  # type: ignore[attr-defined]

    async def _sign_in(self, request: HttpRequest, respond: Respond) -> HttpResponseBase:
        if wait := password_limits.wait(request):
            response = await _refuse(request, respond, HTTPStatus.TOO_MANY_REQUESTS)
            response["Retry-After"] = str(wait)
            return response
        return await self._in_turn(request, respond, self._password_slots, self._slots)

    async def _in_turn(
        self, request: HttpRequest, respond: Respond, *queues: asyncio.Semaphore
    ) -> HttpResponseBase:
        """Respond when there is a slot in each of `queues`; wait for them in order."""
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
        return await asyncio.shield(work)  # a client that disconnects leaves a thread running


async def _refuse(request: HttpRequest, respond: Respond, status: HTTPStatus) -> HttpResponseBase:
    request.scope[request_bodies.REFUSED] = status  # type: ignore[attr-defined]
    return await respond(request)


def _release_body(request: HttpRequest) -> None:
    """Drop the request's body.

    A request refers to itself, and a form to its data, so both would stay until garbage collection.
    """
    if posted := request.__dict__.get("_post"):
        dict.clear(posted)
    for name in SENT:
        request.__dict__.pop(name, None)
