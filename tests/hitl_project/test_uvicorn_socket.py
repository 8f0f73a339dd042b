"""What the frame protocol needs from Uvicorn; a failure here means that an upgrade changed it."""

import asyncio
import socket as sockets
from collections.abc import Callable

import pytest
import uvicorn
from websockets.asyncio.client import connect

from hitl_project.servers.uvicorn_socket import HANDSHAKES_AT_ONCE, FrameProtocol
from realtime.socket.frames import EXTENSION, encode_frames
from tests.support.waiting import ANSWER_SECONDS, pause


class Running:
    """A Uvicorn with the frame protocol in this process, with a small ASGI application."""

    def __init__(self, **options: object) -> None:
        self.lines: list[FrameProtocol | None] = []
        self.asked = 0
        self.gate = asyncio.Event()
        """Whether lines are accepted."""
        self.gate.set()
        self.listener = sockets.create_server(("127.0.0.1", 0))
        self.url = f"ws://127.0.0.1:{self.listener.getsockname()[1]}/"
        ws = "hitl_project.servers.uvicorn_socket:FrameProtocol"
        given: dict = {"lifespan": "off", "log_config": None, "interface": "asgi3"}
        given = {**given, "ws_per_message_deflate": False, **options}
        config = uvicorn.Config(self.app, ws=ws, **given)
        self.server = uvicorn.Server(config)

    async def app(self, scope: dict, receive: object, send: object) -> None:
        assert callable(receive)
        assert callable(send)
        await receive()
        self.asked += 1
        await self.gate.wait()
        await send({"type": "websocket.accept"})
        self.lines.append(scope["extensions"].get(EXTENSION))
        await send({"type": "websocket.send", "text": "ready"})
        while (await receive())["type"] != "websocket.disconnect":
            pass

    async def __aenter__(self) -> "Running":
        self.serving = asyncio.create_task(self.server._serve([self.listener]))
        return self

    async def __aexit__(self, *_: object) -> None:
        self.gate.set()
        self.server.should_exit = True
        await self.serving


@pytest.mark.parametrize("text", ["", "x" * 125, "x" * 126, "ü" * 70_000])
async def test_frame_written_to_the_line_arrives_as_the_message(text: str) -> None:
    async with Running() as running, connect(running.url, proxy=None) as client:
        assert await client.recv() == "ready"
        [line] = running.lines
        assert isinstance(line, FrameProtocol)
        line.write_frames(encode_frames([text]))
        assert await client.recv() == text


async def test_end_closes_behind_what_was_written() -> None:
    async with Running() as running, connect(running.url, proxy=None) as client:
        assert await client.recv() == "ready"
        [line] = running.lines
        assert line is not None
        line.write_frames(encode_frames(["last"]))
        line.end(1013, "Too slow to keep up")
        line.write_frames(encode_frames(["never"]))
        assert await client.recv() == "last"
        await client.wait_closed()
        assert (client.close_code, client.close_reason) == (1013, "Too slow to keep up")


async def test_socket_with_compression_is_not_offered_the_extension() -> None:
    options = {"ws_per_message_deflate": True}
    async with Running(**options) as running, connect(running.url, proxy=None) as client:
        assert await client.recv() == "ready"
        assert running.lines == [None]


async def test_lines_are_let_in_a_few_at_a_time_and_those_that_gave_up_not_at_all() -> None:
    """The application delays the first few; then each accepted one makes room."""
    async with Running() as running:
        running.gate.clear()
        waiting = [asyncio.create_task(_hello(running)) for _ in range(3 * HANDSHAKES_AT_ONCE)]
        await _until(lambda: running.asked == HANDSHAKES_AT_ONCE)
        await _until(lambda: len(running.server.server_state.connections) == len(waiting))
        for one in waiting[HANDSHAKES_AT_ONCE : 2 * HANDSHAKES_AT_ONCE]:
            one.cancel()
        stay = 2 * HANDSHAKES_AT_ONCE
        await _until(lambda: len(running.server.server_state.connections) == stay)
        assert running.asked == HANDSHAKES_AT_ONCE
        running.gate.set()
        said = await asyncio.gather(*waiting, return_exceptions=True)
        assert said.count("ready") == stay
        assert running.asked == stay


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/?" + "x" * 9000, "", 414),
        ("/", "Cookie: " + "x" * 9000 + "\r\n", 431),
        ("/", "".join(f"X-{number}: x\r\n" for number in range(200)), 431),
    ],
)
async def test_upgrade_that_is_too_much_is_turned_away_and_holds_up_nobody(
    path: str, headers: str, status: int
) -> None:
    async with Running() as running:
        host, port = running.listener.getsockname()
        upgrade = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        for _ in range(HANDSHAKES_AT_ONCE + 1):
            reader, writer = await asyncio.open_connection(host, port)
            writer.write(f"GET {path} HTTP/1.1\r\nHost: a\r\n{upgrade}{key}{headers}\r\n".encode())
            async with asyncio.timeout(ANSWER_SECONDS):
                assert (await reader.read()).startswith(f"HTTP/1.1 {status}".encode())
            writer.close()
        assert await _hello(running) == "ready"


async def _hello(running: Running) -> str | bytes:
    async with connect(running.url, proxy=None) as client:
        return await client.recv()


async def _until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(ANSWER_SECONDS):
        while not condition():
            await pause(0.01)
