"""A client that follows docs/protocol.md, and records what it applied."""

import asyncio
import contextlib
import json
import random
import time
from datetime import datetime
from functools import lru_cache
from typing import Any

from picows import WSError, WSFrame, WSListener, WSMsgType, WSTransport, ws_connect

parsed = lru_cache(maxsize=64)(json.loads)
"""All sockets of a crowd are sent the same texts, one after another."""


class Watcher:
    """Watches `decisions` from a position, whatever happens to its connection.

    Each connection is a new attempt at `address`, an http://127.0.0.1:port. It costs so little CPU
    that hundreds of them do not slow the servers they watch.
    """

    quiet_seconds = 2.0
    """How long a line may be silent before it is asked for a pong, and again before the end."""

    def __init__(self, address: str, cookie: str, position: dict[str, Any]) -> None:
        self.address = address
        self.applied: list[tuple[int, str]] = []  # offset, decision id
        self.longest_delay = 0.0  # seconds from commit to here
        self.lines = 0
        self.reloads = 0
        self.epoch, self.last = position["epoch"], position["offset"]
        self._headers = {"Origin": address, "Cookie": f"hitl_session={cookie}"}

    async def run(self) -> None:
        """Run for ever; cancel to end."""
        while True:
            with contextlib.suppress(OSError, WSError, TimeoutError):
                await self._watch()
            await asyncio.sleep(random.uniform(0.05, 0.5))

    async def _watch(self) -> None:
        """Open a connection and follow it until it ends or goes silent."""
        url = self.address.replace("http", "ws") + "/hitl/ws"
        line = _Line(self)
        transport, _ = await ws_connect(lambda: line, url, extra_headers=self._headers)
        try:
            while await line.is_alive():
                pass
        finally:
            transport.disconnect(graceful=False)

    def take(self, message: dict[str, Any]) -> bool:
        """Apply a message; return whether it shows a gap in what was applied so far."""
        match message["type"]:
            case "decision_made":
                return self._apply(message)
            case "subscription_confirmed":
                if message["recovered"].get("decisions") is False:
                    self.reloads += 1
            case "pong":
                top = message["positions"].get("decisions", {"offset": 0})
                return bool(top["offset"] > self.last)
        return False

    def _apply(self, message: dict[str, Any]) -> bool:
        offset = message["offset"]
        if offset > self.last + 1:
            return True
        if offset == self.last + 1:  # earlier ones are known already
            self.last = offset
            self.applied.append((offset, message["decision_id"]))
            committed = datetime.fromisoformat(message["timestamp"]).timestamp()
            self.longest_delay = max(self.longest_delay, time.time() - committed)
        return False


class _Line(WSListener):
    """One open connection of a watcher."""

    _transport: WSTransport | None = None  # none where the server was gone before it answered

    def __init__(self, watcher: Watcher) -> None:
        self._watcher = watcher
        self._heard = False

    def on_ws_connected(self, transport: WSTransport) -> None:
        self._transport = transport
        self._watcher.lines += 1
        self._subscribe()

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        self._heard = True
        if frame.msg_type is WSMsgType.CLOSE:
            transport.send_close(frame.get_close_code(), frame.get_close_message())
            transport.disconnect()
        elif frame.msg_type is WSMsgType.TEXT:
            gap = self._watcher.take(parsed(frame.get_payload_as_bytes()))
            if gap:
                self._subscribe()

    async def is_alive(self) -> bool:
        """Return whether the connection is alive, with a ping if necessary."""
        if self._transport is None:
            return False
        for ask in (False, True):
            self._heard = False
            if ask:
                self._send({"type": "ping"})
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._watcher.quiet_seconds):
                    await self._transport.wait_disconnected()
                    return False
            if self._heard:
                return True
        return False

    def _subscribe(self) -> None:
        position = {"epoch": self._watcher.epoch, "offset": self._watcher.last}
        channels = ["decisions", "stats"]
        self._send({"type": "subscribe", "channels": channels, "since": {"decisions": position}})

    def _send(self, message: dict[str, Any]) -> None:
        assert self._transport is not None
        self._transport.send(WSMsgType.TEXT, json.dumps(message).encode())
