"""End a request that takes too long as a whole.

httpx bounds each read alone. A server that sends a byte now and then would keep a thread for hours,
most of all in the headers, of which a client sees nothing before they are complete.
"""

import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from threading import Timer
from typing import Any

CONNECTED = (".connect_tcp.complete", ".start_tls.complete")
"""The events of httpcore's `trace` extension that carry a new connection, or its TLS."""


class Deadline:
    """Closes the connection of a client with one connection when time is over."""

    def __init__(self) -> None:
        self.passed = False
        self.seconds = 0.0
        self._socket: socket.socket | None = None

    def trace(self, event: str, info: Mapping[str, Any]) -> None:
        """Note which connection a request is sent over; send nothing over it if time is over."""
        if event.endswith(CONNECTED):
            self._socket = info["return_value"].get_extra_info("socket")
            if self.passed:
                self._end()

    @contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        """Close the connection unless the block ends within `seconds`; `passed` says so."""
        self.passed, self.seconds = False, seconds
        timer = Timer(seconds, self._end)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def _end(self) -> None:
        self.passed = True
        if self._socket is not None:
            with suppress(OSError):  # it is closed already
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)  # below TLS, if there is any
