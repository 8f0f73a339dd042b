"""The HTTP server under a fake forge: routes, and faults that can be switched on."""

import json
import re
import socket
import ssl
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import wraps
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar, Concatenate, NamedTuple, ParamSpec, Self, TypeVar
from urllib.parse import parse_qsl, unquote, urlsplit

WRITES = ("POST", "PUT", "PATCH", "DELETE")
Given = ParamSpec("Given")
Result = TypeVar("Result")
Server = TypeVar("Server", bound="HttpServer")


@dataclass(frozen=True)
class Asked:
    """A request as it arrived."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    def value(self) -> dict[str, Any]:
        found = json.loads(self.body or b"{}")
        assert isinstance(found, dict)
        return found


@dataclass
class Reply:
    """An answer; `value` is sent as JSON, `data` as it is."""

    status: int = 200
    value: Any = None
    data: bytes | None = None
    headers: dict[str, str] = field(default_factory=dict)

    def body(self) -> bytes:
        if self.data is not None:
            return self.data
        return b"" if self.value is None else json.dumps(self.value).encode()

    def kind(self) -> str:
        return "application/json; charset=utf-8" if self.data is None else "text/plain"


class Failure(Exception):
    """An answer that is a failure."""

    def __init__(self, status: int, message: str = "", **headers: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


@dataclass(eq=False)
class Fault:
    """What goes wrong with a request. Everything that is set happens, in this order.

    `before` runs first, for what happens in between; `delay` seconds pass; `reply` is sent in place
    of doing what was asked; `drop` does it and closes the connection without an answer; `data`
    replaces the body; `cut` sends half of the body; `trickle` sends a byte each `trickle` seconds,
    and `endless` does so in a header that does not end.

    It concerns requests with a method, a path that a regular expression matches, a kind (`on`, see
    About) and the number of a pull request: those of the four that are given. `happened` counts
    how often it went wrong.
    """

    before: Callable[[], object] | None = None
    delay: float = 0
    reply: Reply | None = None
    drop: bool = False
    data: bytes | None = None
    cut: bool = False
    trickle: float = 0
    endless: bool = False
    method: str = ""
    path: str = ""
    on: str = ""
    number: int | None = None
    times: int = 1
    happened: int = 0

    def concerns(self, asked: Asked, about: "About") -> bool:
        return (
            self.method in {"", asked.method}
            and bool(re.search(self.path, asked.path))
            and self.on in {"", about.kind}
            and self.number in {None, about.number}
        )


class About(NamedTuple):
    """What a request is for, in one word for all forges, and the pull request that it is about."""

    kind: str
    number: int | None = None


def answers(status: int, data: bytes | None = None, **headers: str) -> Reply:
    """Return an answer for `Fault(reply=…)`: `answers(429, Retry_After="3")`."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status, {"message": "a fault"} if data is None else None, data, named)


def html() -> Reply:
    """Return what a proxy or a sign-in page answers."""
    page = b"<!doctype html><title>Sign in</title>"
    return Reply(200, data=page, headers={"Content-Type": "text/html"})


class Route(NamedTuple):
    method: str
    pattern: re.Pattern[str]
    name: str


def route(method: str, path: str) -> Callable[[Any], Any]:
    """Mark a method of a forge as what answers requests.

    `{name}` stands for a segment of the path, `{name*}` for the rest of it, and the method `*` for
    any. The names of the methods give the order in which routes are tried.
    """
    pattern = re.compile(_pattern(path))

    def mark(function: Any) -> Any:
        function.route = (method, pattern)
        return function

    return mark


def locked(
    method: Callable[Concatenate[Server, Given], Result],
) -> Callable[Concatenate[Server, Given], Result]:
    """Let a method of a server wait until no request is being carried out, and the other way."""

    @wraps(method)
    def waiting(server: Server, /, *args: Given.args, **values: Given.kwargs) -> Result:
        with server.lock:
            return method(server, *args, **values)

    return waiting


def _pattern(path: str) -> str:
    literal = path.replace(".", "[.]")
    rests = re.sub(r"\{(\w+)\*\}", r"(?P<\1>.+)", literal)
    return re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", rests) + "$"


_ports: set[int] = set()


def _on_a_new_port(handler: type[BaseHTTPRequestHandler]) -> "_Server":
    """Return a server on a port that none had before: a site knows a forge by its address."""
    server = _Server(("127.0.0.1", 0), handler)
    if server.server_port not in _ports:
        _ports.add(server.server_port)
        return server
    try:
        return _on_a_new_port(handler)  # while this one holds its port
    finally:
        server.server_close()


class HttpServer:
    """A server on a free port of the loopback interface, from `with` to its end.

    `asked` is every request, in the order of arrival; `writes` those that may change something.
    """

    requests: ClassVar[tuple[tuple[str, str, str], ...]] = ()
    """What requests are for: a kind, a method, and an expression for the path, with the number."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self._faults: list[Fault] = []
        self._scheme = "http"
        self.lock = threading.RLock()
        self._routes = [
            Route(member.route[0], member.route[1], name)
            for name in dir(type(self))
            if hasattr(member := getattr(type(self), name), "route")
        ]
        handler = type("Handler", (_Handler,), {"forge": self})
        self._server = _on_a_new_port(handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def _serve(self) -> None:
        self._server.serve_forever(poll_interval=0.02)

    def serve_tls(self, context: ssl.SSLContext) -> None:
        """Speak TLS from now on."""
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self._scheme = "https"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        return f"{self._scheme}://127.0.0.1:{self._server.server_address[1]}"

    @property
    def writes(self) -> list[Asked]:
        return [one for one in self.asked if one.method in WRITES]

    # -- Faults ----------------------------------------------------------------------------------

    def fault(self, **what: Any) -> Fault:
        """Let the next requests go wrong: see Fault; several wait for their turn."""
        fault = Fault(**what)
        with self.lock:
            self._faults.append(fault)
        return fault

    @contextmanager
    def failing(self, **what: Any) -> Iterator[Fault]:
        """Let all requests go wrong for a while."""
        fault = self.fault(**what, times=10**9)
        try:
            yield fault
        finally:
            with self.lock, suppress(ValueError):  # it was healed
                self._faults.remove(fault)

    def heal(self) -> None:
        """Let nothing go wrong that has not yet."""
        with self.lock:
            self._faults.clear()

    def about(self, asked: Asked) -> About:
        """Return what a request is for."""
        for kind, method, pattern in self.requests:
            if method == asked.method and (found := re.search(pattern, asked.path)):
                return About(kind, int(found[1]) if found.groups() else None)
        return About("")

    def _due(self, asked: Asked) -> Fault:
        with self.lock:
            about = self.about(asked)
            for fault in self._faults:
                if fault.concerns(asked, about):
                    fault.happened += 1
                    fault.times -= 1
                    if not fault.times:
                        self._faults.remove(fault)
                    return fault
        return Fault()

    # -- One request -----------------------------------------------------------------------------

    def answer(self, asked: Asked) -> tuple[Reply, Fault]:
        with self.lock:
            self.asked.append(asked)
        fault = self._due(asked)
        if fault.before:
            fault.before()
        if fault.delay:
            time.sleep(fault.delay)
        return fault.reply or self._done(asked), fault

    def _done(self, asked: Asked) -> Reply:
        try:
            with self.lock:
                reply = self.admitted(asked) or self._routed(asked)
        except Failure as failure:
            return Reply(failure.status, self.failure(failure.message), headers=failure.headers)
        return self.finished(asked, reply)

    def _routed(self, asked: Asked) -> Reply:
        for method, pattern, name in self._routes:
            if method in {"*", asked.method} and (found := pattern.match(asked.path)):
                values = {key: unquote(value) for key, value in found.groupdict().items()}
                reply = getattr(self, name)(asked, **values)
                return reply if isinstance(reply, Reply) else Reply(value=reply)
        raise Failure(404, "Not Found")

    def admitted(self, asked: Asked) -> Reply | None:
        """Check credentials and limits; return an answer, or None to go on. Raise Failure."""

    def failure(self, message: str) -> Any:
        return {"message": message}

    def finished(self, asked: Asked, reply: Reply) -> Reply:
        """Add headers, and answer 304 where the forge does."""
        return reply


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """Print what failed, but not that a client went away or was killed."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # headers and body are two writes: the second would wait 40 ms
    forge: HttpServer

    def _answer(self) -> None:
        parts = urlsplit(self.path)
        length = int(self.headers.get("Content-Length", 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        query = dict(parse_qsl(parts.query))
        body = self.rfile.read(length)
        if len(body) < length:  # the client was killed in the middle of it
            self.close_connection = True
            return
        asked = Asked(self.command, parts.path, query, headers, body)
        reply, fault = self.forge.answer(asked)
        if fault.drop:
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        content = reply.body() if fault.data is None else fault.data
        self._send(reply, content, fault)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _answer  # noqa: N815 — of the base class

    def _send(self, reply: Reply, body: bytes, fault: Fault) -> None:
        try:
            if fault.endless:
                self._trickle(b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 1000, fault.trickle)
            self.send_response(reply.status)
            kind = {"Content-Type": reply.kind()} if body else {}
            for name, value in {**kind, **reply.headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if fault.cut:
                self.close_connection = True
                self.wfile.write(body[: len(body) // 2])
            elif fault.trickle:
                self._trickle(body, fault.trickle)
            else:
                self.wfile.write(body)
        except OSError:  # the client went away
            self.close_connection = True

    def _trickle(self, data: bytes, seconds: float) -> None:
        for byte in data:
            self.wfile.write(bytes([byte]))
            time.sleep(seconds)

    def log_message(self, *_: object) -> None:
        pass
