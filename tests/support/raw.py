"""A websocket client that may break every rule: bytes over TCP, after a handshake by the rules."""

import asyncio
import json
import re
import socket
import struct
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from tests.support.site import Server
from tests.support.waiting import ANSWER_SECONDS

LIMIT = 10_240
"""Bytes of the longest message that a server takes."""

CONT, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
MASK = b"\x01\x02\x03\x04"
SMALL = 4096
"""Bytes that the kernel is asked to hold for a small line."""
CUT = None
"""Stands for the end of the connection without a close frame."""


def frame(
    opcode: int,
    payload: bytes = b"",
    *,
    fin: bool = True,
    rsv: int = 0,
    masked: bool = True,
    length: int | None = None,
) -> bytes:
    """Return one frame; `rsv` is 4, 2 or 1 for RSV1 to RSV3, `length` replaces the true one."""
    told = len(payload) if length is None else length
    mask_bit = 0x80 if masked else 0
    head = bytes([(0x80 if fin else 0) | rsv << 4 | opcode])
    if told < 126:
        head += bytes([mask_bit | told])
    elif told < 65536:
        head += bytes([mask_bit | 126]) + struct.pack("!H", told)
    else:
        head += bytes([mask_bit | 127]) + struct.pack("!Q", told)
    if not masked:
        return head + payload
    return head + MASK + bytes(byte ^ MASK[i % 4] for i, byte in enumerate(payload))


def close(code: int, reason: bytes = b"") -> bytes:
    return frame(CLOSE, struct.pack("!H", code) + reason)


def deflated(data: bytes) -> bytes:
    """Return `data` as the payload of a compressed message (RFC 7692, 7.2.1)."""
    packer = zlib.compressobj(wbits=-15)
    return (packer.compress(data) + packer.flush(zlib.Z_SYNC_FLUSH))[:-4]


class Received(asyncio.StreamReader):
    """What arrived on a connection; a reset ends it, and keeps what came before."""

    def set_exception(self, exc: Exception) -> None:
        self.feed_eof()


class RawLine:
    """The connection of one client."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.port: int = writer.get_extra_info("sockname")[1]
        self.headers = ""
        """The server's answer to the handshake."""

    async def send(self, data: bytes) -> None:
        """Write `data` if the server still listens; ignore that it disconnects meanwhile."""
        if not self.writer.transport.is_closing():
            with suppress(ConnectionError):
                self.writer.write(data)
                await self.writer.drain()

    def stop_reading(self) -> None:
        self.reader._transport.pause_reading()  # type: ignore[attr-defined]

    async def end(self) -> None:
        """Send a FIN."""
        self.writer.write_eof()

    async def message(self) -> tuple[int, bytes]:
        """Return opcode and payload of the next frame; raise OSError or EOFError if none comes."""
        first, second = await self.reader.readexactly(2)
        length = second & 0x7F
        if length == 126:
            (length,) = struct.unpack("!H", await self.reader.readexactly(2))
        elif length == 127:
            (length,) = struct.unpack("!Q", await self.reader.readexactly(8))
        return first & 0x0F, await self.reader.readexactly(length)

    async def end_code(self) -> int | None:
        """Return the code of the server's close frame, or CUT if it just disconnects."""
        async with asyncio.timeout(ANSWER_SECONDS):
            with suppress(OSError, EOFError):
                while True:
                    opcode, payload = await self.message()
                    if opcode == CLOSE:
                        return int(struct.unpack("!H", payload[:2])[0])
        return CUT


@asynccontextmanager
async def raw_line(
    server: Server, *, offer: str = "", small: bool = False, waits: bool = True
) -> AsyncIterator[RawLine]:
    """Yield a connection of the reviewer on which the server has sent its ack.

    `offer` are the extensions that the client requests; a `small` one has small buffers; one that
    does not wait is returned right after it requested the handshake.
    """
    port = int(server.origin.rsplit(":", 1)[1])
    cookie = server.client().cookies["hitl_session"]
    asked = f"Sec-WebSocket-Extensions: {offer}\r\n" if offer else ""
    request = (
        f"GET /hitl/ws HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nOrigin: {server.origin}\r\n"
        "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        f"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{asked}Cookie: hitl_session={cookie}"
        "\r\n\r\n"
    )
    connection = socket.socket()
    if small:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL)
    connection.connect(("127.0.0.1", port))
    line = await _line_on(connection)
    try:
        line.writer.write(request.encode())
        async with asyncio.timeout(ANSWER_SECONDS):
            if waits:
                line.headers = (await line.reader.readuntil(b"\r\n\r\n")).decode()
                assert line.headers.startswith("HTTP/1.1 101"), line.headers
                _, ack = await line.message()
                if not offer:
                    assert json.loads(ack)["type"] == "connection_ack"
        yield line
    finally:
        line.writer.transport.abort()


async def _line_on(connection: socket.socket) -> RawLine:
    """Connect like `asyncio.open_connection`, with our reader."""
    loop = asyncio.get_running_loop()
    reader = Received(loop=loop)
    protocol = asyncio.StreamReaderProtocol(reader, loop=loop)
    transport, _ = await loop.create_connection(lambda: protocol, sock=connection)
    return RawLine(reader, asyncio.StreamWriter(transport, protocol, reader, loop))


def assert_no_traceback(server: Server, since: int) -> None:
    """Check that the server printed no exception after so many characters."""
    assert not re.search("Traceback|exception", server.printed()[since:])
