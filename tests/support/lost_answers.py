"""A way to a server on which answers get lost, or others come instead of them."""

import contextlib
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx


class LostAnswers:
    """Passes requests on to a server, and does with each answer what the next of `fates` says.

    `lost` cuts the connection instead of the answer, `half` in the middle of it; a number answers
    with this status instead, without asking the server. After the last fate, all answers arrive.
    """

    def __init__(self, target: str) -> None:
        self.target = target
        self.fates: list[str | int] = []
        self.headers: dict[str, str] = {}
        """What answers with a status of their own have besides."""
        self.seen: list[tuple[str, str, str | None]] = []
        """The method, path and idempotency key of each request."""

    @contextlib.contextmanager
    def serving(self, tls: ssl.SSLContext | None = None) -> Iterator[str]:
        """Return the address for clients, over TLS if there is a context."""
        way = self

        class Handler(_Handler):
            of = way

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        if tls:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"{'https' if tls else 'http'}://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()
            server.server_close()


class _Handler(BaseHTTPRequestHandler):
    of: LostAnswers
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # headers and body are two writes: the second would wait 40 ms

    def do_GET(self) -> None:
        self._pass_on()

    def do_POST(self) -> None:
        self._pass_on()

    def _pass_on(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.of.seen.append((self.command, self.path, self.headers.get("Idempotency-Key")))
        fate = self.of.fates.pop(0) if self.of.fates else "arrives"
        if isinstance(fate, int):
            return self._answer(fate, b"", self.of.headers)
        answer = httpx.request(
            self.command,
            self.of.target + self.path,
            content=body,
            headers={name: self.headers[name] for name in PASSED_ON if name in self.headers},
            timeout=60,
        )
        if fate == "lost":
            self.close_connection = True
            return None
        kept = {name: answer.headers[name] for name in KEPT if name in answer.headers}
        return self._answer(answer.status_code, answer.content, kept, half=fate == "half")

    def _answer(
        self, status: int, body: bytes, headers: dict[str, str], *, half: bool = False
    ) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body[: len(body) // 2] if half else body)
        self.close_connection = half

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


PASSED_ON = ("Authorization", "Content-Type", "Idempotency-Key", "Accept")
KEPT = ("Content-Type", "Retry-After")
