"""Uvicorn's HTTP protocol with limits on connections and on the head of a request.

Uvicorn accepts any number of connections, and waits for ever for a first request or for the rest of
a request, keeping what it has received.
"""

import asyncio
from http import HTTPStatus

from django.conf import settings
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from hitl_project.servers.connections import CONNECTIONS, FIRST_BYTE_SECONDS

MOST_HEAD_BYTES = 64 * 1024
"""More than any browser sends: cookies, addresses and tokens are of a few KB."""

FRESH_SECONDS = 1.0
"""How long after connecting a client may send its first request though the server is stopping."""


class HeadTooLarge(Exception):
    """Ends the parsing of a request whose head is over the limit."""


class BoundedHttpProtocol(HttpToolsProtocol):
    """Closes a connection whose next request's head is too large or too slow."""

    _head_timeout: asyncio.TimerHandle | None = None
    """Runs while a head is awaited."""
    _write_timeout: asyncio.TimerHandle | None = None
    """Runs while an answer waits for the client to read."""
    _arrived = 0
    """How many bytes have come of a head that is not there yet."""
    _parsed = 0
    """How many bytes the lines of the head have that are there."""
    _made_at = 0.0
    """When the connection was made, by the loop's clock."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._made_at = self.loop.time()
        if CONNECTIONS.admit(transport, self._address()):
            self._start_head_timeout(
                min(FIRST_BYTE_SECONDS, settings.HITL_REQUEST_SECONDS), silent=True
            )
        else:
            self._refuse(HTTPStatus.SERVICE_UNAVAILABLE)

    def connection_lost(self, exc: Exception | None) -> None:
        CONNECTIONS.release(self.transport)
        self.resume_writing()
        self._stop_head_timeout()
        super().connection_lost(exc)

    # -- Heads --------------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        self._start_head_timeout(settings.HITL_REQUEST_SECONDS)
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        self._count(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._count(len(name) + len(value))
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._stop_head_timeout()
        super().on_headers_complete()

    def data_received(self, data: bytes) -> None:
        if self.transport.is_closing():
            return
        super().data_received(data)
        if self._head_timeout is not None:
            self._arrived += len(data)
            if self._arrived > MOST_HEAD_BYTES:
                self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)

    def send_400_response(self, msg: str) -> None:
        if self._parsed > MOST_HEAD_BYTES:
            self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
        else:
            super().send_400_response(msg)

    def _count(self, size: int) -> None:
        self._parsed += size
        if self._parsed > MOST_HEAD_BYTES:
            raise HeadTooLarge

    def _start_head_timeout(self, seconds: float, *, silent: bool = False) -> None:
        self._stop_head_timeout()
        self._arrived = self._parsed = 0
        self._head_timeout = self.loop.call_later(seconds, self._time_out, silent)

    def _stop_head_timeout(self) -> None:
        if self._head_timeout is not None:
            self._head_timeout.cancel()
            self._head_timeout = None

    # -- Answers ------------------------------------------------------------------------------

    def pause_writing(self) -> None:
        super().pause_writing()
        self._start_write_timeout()

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._write_timeout is not None:
            self._write_timeout.cancel()
            self._write_timeout = None

    def _start_write_timeout(self) -> None:
        """Abort the connection of a client that does not read a response, which waits in memory."""
        waiting = self.transport.get_write_buffer_size()
        seconds = settings.HITL_REQUEST_SECONDS
        self._write_timeout = self.loop.call_later(seconds, self._check_progress, waiting)

    def _check_progress(self, before: int) -> None:
        if self.transport.get_write_buffer_size() < before:
            self._start_write_timeout()
        else:
            self.transport.abort()

    # -- Ends ---------------------------------------------------------------------------------

    def shutdown(self) -> None:
        """Close when the response is there; wait for a request that is on its way.

        A client that was accepted would take the end of its connection for a failure, where one
        that was not is accepted by the next process.
        """
        fresh = self._made_at + FRESH_SECONDS - self.loop.time()
        if self._head_timeout is not None and fresh > 0:
            self.loop.call_later(fresh, super().shutdown)
        else:
            super().shutdown()

    def _address(self) -> str:
        return self.client[0] if self.client else ""

    def _time_out(self, silent: bool) -> None:
        if silent:
            CONNECTIONS.refuse("silent", self._address())
        self.transport.close()

    def _refuse(self, status: HTTPStatus) -> None:
        """Answer before there is a request that the application could handle."""
        from reviews.api import problems  # needs the apps

        self.transport.write(problems.raw_answer(status))
        self.transport.close()
