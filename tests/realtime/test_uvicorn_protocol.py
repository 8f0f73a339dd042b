"""What the frame protocol relies on in Uvicorn; a failure here means an upgrade changed it."""

import asyncio
import socket as sockets

import pytest
import uvicorn
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.asyncio.client import connect

from realtime.uvicorn_protocol import EXTENSION, FrameProtocol, encode_frames


class Running:
    """A Uvicorn with the frame protocol in this process, around a small ASGI application."""

    def __init__(self, **options: object) -> None:
        self.lines: list[FrameProtocol | None] = []
        self.listener = sockets.create_server(("127.0.0.1", 0))
        self.url = f"ws://127.0.0.1:{self.listener.getsockname()[1]}/"
        ws = "realtime.uvicorn_protocol:FrameProtocol"
        given: dict = {"lifespan": "off", "log_config": None, "interface": "asgi3"}
        given = {**given, "ws_per_message_deflate": False, **options}
        config = uvicorn.Config(self.app, ws=ws, **given)
        self.server = uvicorn.Server(config)

    async def app(self, scope: dict, receive: object, send: object) -> None:
        assert callable(receive)
        assert callable(send)
        await receive()
        await send({"type": "websocket.accept"})
        self.lines.append(scope["extensions"].get(EXTENSION))
        await send({"type": "websocket.send", "text": "ready"})
        while (await receive())["type"] != "websocket.disconnect":
            pass

    async def __aenter__(self) -> "Running":
        self.serving = asyncio.create_task(self.server._serve([self.listener]))
        return self

    async def __aexit__(self, *_: object) -> None:
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


def test_members_that_the_protocol_uses_are_still_uvicorns() -> None:
    used = {"handle_connect", "handle_cont", "handle_parser_exception", "handle_ping"}
    used |= {"handle_pong", "keepalive_timeout", "pause_writing", "resume_writing", "run_asgi"}
    used |= {"send", "send_receive_event_to_app"}
    assert used <= vars(WebSocketsSansIOProtocol).keys()
