"""Uvicorn's HTTP protocol, where the head of a request is bounded as its body is.

Uvicorn waits without end for a first request, or for the rest of any, and keeps what came of it.
"""

import asyncio
from typing import Any

from django.conf import settings
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MOST_HEAD_BYTES = 64 * 1024
"""More than any browser sends: cookies, addresses and tokens are of a few KB."""


class BoundedHeads(HttpToolsProtocol):
    """Closes a connection whose next request's head is too large, or takes too long to arrive."""

    _awaiting: asyncio.TimerHandle | None = None
    _head_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._await_head()

    def on_message_begin(self) -> None:
        self._await_head()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._have_head()
        super().on_headers_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        self._have_head()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._awaiting is not None:
            self._head_bytes += len(data)
            if self._head_bytes > MOST_HEAD_BYTES:
                self.transport.close()

    def _await_head(self) -> None:
        self._have_head()
        self._head_bytes = 0
        close: Any = self.transport.close
        self._awaiting = self.loop.call_later(settings.HITL_REQUEST_SECONDS, close)

    def _have_head(self) -> None:
        if self._awaiting is not None:
            self._awaiting.cancel()
            self._awaiting = None
