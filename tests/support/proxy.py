"""A connection between a client and a server that tests can break."""

import asyncio
import socket
import struct
from functools import partial
from types import TracebackType

CHUNK = 16 * 1024
BUFFER = 64 * 1024
"""Small kernel buffers: a slow or dead reader is felt by the server at once."""
RESET = struct.pack("ii", 1, 0)
"""SO_LINGER on, for 0 s: closing sends RST instead of FIN."""


class Proxy:
    """Listens on `port` of the loopback, or of another address, and forwards bytes to `target`.

    That is a port of the loopback, or the path of a Unix socket.

        async with Proxy(target) as proxy:
            proxy.cut()               # reset every connection
            proxy.refuse(True)        # reset every new one
            proxy.blackhole(True)     # accept new ones, and forward nothing
            proxy.forget()            # forward nothing more for the open ones
            proxy.throttle(1_000)     # bytes per second, for each connection and direction
        proxy.delay = 0.1         # seconds that each piece takes, either way

    It runs in the test's event loop, so code that blocks the loop also delays the proxy.
    """

    port: int

    def __init__(self, target: int | str, address: str = "127.0.0.1") -> None:
        self.target = target
        self.address = address
        self.delay = 0.0
        self.attempts = 0
        """How many connections clients have asked for."""
        self.rate: int | None = None
        self._refusing = False
        self.clear = asyncio.Event()
        self.clear.set()
        self._lines: set[_Line] = set()

    async def __aenter__(self) -> "Proxy":
        self._listener = _socket()
        self._listener.bind((self.address, 0))
        self._listener.listen(1024)
        self.port = self._listener.getsockname()[1]
        self._accepting = asyncio.create_task(self._accept())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._accepting.cancel()
        ending = [self._accepting, *(line.task for line in self._lines)]
        self.cut()
        await asyncio.gather(*ending, return_exceptions=True)
        self._listener.close()

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def open_connections(self) -> int:
        return len(self._lines)

    def cut(self) -> None:
        """Reset every connection, on both sides."""
        for line in self._lines:
            line.reset()

    def refuse(self, on: bool) -> None:
        """Reset every new connection, as long as this is on."""
        self._refusing = on

    def blackhole(self, on: bool) -> None:
        """Forward nothing, not even an end; what was held arrives when this is off again."""
        if on:
            self.clear.clear()
        else:
            self.clear.set()

    def forget(self) -> None:
        """Leave the current connections dead without an end, like a router that lost its table."""
        for line in self._lines:
            line.clear = asyncio.Event()

    def throttle(self, bytes_per_second: int | None) -> None:
        """Forward at most so many bytes per second each way of each connection; None removes the
        limit.
        """
        self.rate = bytes_per_second

    async def _accept(self) -> None:
        while True:
            client, _ = await asyncio.get_running_loop().sock_accept(self._listener)
            self.attempts += 1
            if self._refusing:
                _reset(client)
            else:
                line = _Line(self, client)
                self._lines.add(line)
                line.task.add_done_callback(partial(self._drop, line))

    def _drop(self, line: "_Line", _: "asyncio.Task[None]") -> None:
        self._lines.discard(line)


class _Line:
    """A client's connection, and ours to the server for it."""

    def __init__(self, proxy: Proxy, client: socket.socket) -> None:
        self.clear = proxy.clear
        self._proxy = proxy
        self._client = client
        self._client.setblocking(False)
        self._server, self._target = _way_to(proxy.target)
        self.task = asyncio.create_task(self._pass_on())
        self.task.add_done_callback(lambda _: self._end())

    async def _pass_on(self) -> None:
        try:
            await asyncio.get_running_loop().sock_connect(self._server, self._target)
            async with asyncio.TaskGroup() as both:
                both.create_task(self._pump(self._client, self._server))
                both.create_task(self._pump(self._server, self._client))
            self._client.close()
            self._server.close()
        except* OSError:
            pass  # no server, or one side was reset: so is the other

    async def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        """Forward what `source` sends to `sink`, until its end."""
        loop = asyncio.get_running_loop()
        while True:
            await self.clear.wait()
            rate = self._proxy.rate
            data = await loop.sock_recv(source, min(CHUNK, rate // 10 + 1) if rate else CHUNK)
            if self._proxy.delay:
                await asyncio.sleep(self._proxy.delay)
            await self.clear.wait()  # read just as the connection died
            if not data:
                sink.shutdown(socket.SHUT_WR)
                return
            await loop.sock_sendall(sink, data)
            if rate:
                await asyncio.sleep(len(data) / rate)

    def reset(self) -> None:
        self.task.cancel()

    def _end(self) -> None:
        _reset(self._client)
        _reset(self._server)


def _way_to(target: int | str) -> tuple[socket.socket, tuple[str, int] | str]:
    """Return a socket and what to connect it to."""
    if isinstance(target, int):
        return _socket(), ("127.0.0.1", target)
    return _socket(socket.AF_UNIX), target


def _socket(family: socket.AddressFamily = socket.AF_INET) -> socket.socket:
    made = socket.socket(family, socket.SOCK_STREAM)
    made.setblocking(False)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, BUFFER)
    return made


def _reset(connection: socket.socket) -> None:
    if connection.fileno() != -1:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        connection.close()
