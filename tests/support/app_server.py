"""A team's own server: the files of its application, and the console's REST API passed through.

Its pages open the socket at the console itself, as pages of another origin.
"""

import mimetypes
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx


class AppServer:
    """Serves `files` while the context is open; `console` is the origin of the console.

    `/ticket` gives tickets for the token `token`; `ticket_status` is another answer than that.
    """

    console = ""
    token = ""
    ticket_status = 200

    def __init__(self) -> None:
        self.files = Path()
        self.tickets = 0
        handler = type("Handler", (_Handler,), {"app": self})
        self._server = _Quiet(("127.0.0.1", 0), handler)
        self.origin = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> "AppServer":
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: Any) -> None:
        self._server.shutdown()
        self._server.server_close()

    def ticket(self) -> httpx.Response:
        """Return the answer to a page that asks for a ticket."""
        self.tickets += 1
        if self.ticket_status != 200:
            return httpx.Response(self.ticket_status)
        headers = {"Authorization": f"Bearer {self.token}"}
        return httpx.post(f"{self.console}/hitl/ws/ticket", headers=headers, timeout=60)


class _Quiet(ThreadingHTTPServer):
    def handle_error(self, *_: Any) -> None:
        """Print nothing of pages that left while they were answered."""


class _Handler(BaseHTTPRequestHandler):
    app: AppServer

    def do_GET(self) -> None:
        if self.path.startswith("/hitl/"):
            headers = {"Cookie": self.headers.get("Cookie", "")}
            self._answer(httpx.get(self.app.console + self.path, headers=headers, timeout=60))
        else:
            self._answer(self._file(urlsplit(self.path).path.lstrip("/") or "index.html"))

    def do_POST(self) -> None:
        self._answer(self.app.ticket())

    def _file(self, name: str) -> httpx.Response:
        path = self.app.files / name
        if not path.is_file():
            return httpx.Response(404)
        kind = mimetypes.guess_type(name)[0] or "text/plain"
        return httpx.Response(200, headers={"Content-Type": kind}, content=path.read_bytes())

    def _answer(self, answer: httpx.Response) -> None:
        self.send_response(answer.status_code)
        self.send_header("Content-Type", answer.headers.get("Content-Type", "text/plain"))
        self.send_header("Content-Length", str(len(answer.content)))
        self.end_headers()
        self.wfile.write(answer.content)

    def log_message(self, *_: Any) -> None:
        """Print nothing."""
