"""A client that keeps to the rules of docs/protocol.md, and keeps book of what it applied."""

import asyncio
import contextlib
import json
import random
import time
from datetime import datetime
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

QUIET_SECONDS = 2.0
"""How long a line may be silent before it is asked for a pong, and again before it is given up."""


class Watcher:
    """Watches `decisions` from a position on, whatever happens to its line.

    Each open line is a new attempt at `address`, an http://127.0.0.1:port.
    """

    def __init__(self, address: str, cookie: str, position: dict[str, Any]) -> None:
        self.address = address
        self.applied: list[tuple[int, str]] = []  # offset, decision id
        self.longest_delay = 0.0  # seconds from commit to here
        self.lines = 0
        self.reloads = 0
        self._cookie = cookie
        self._epoch, self.last = position["epoch"], position["offset"]

    async def run(self) -> None:
        """Go on for ever; cancel to end."""
        while True:
            with contextlib.suppress(OSError, WebSocketException, TimeoutError):
                await self._watch()
            await asyncio.sleep(random.uniform(0.05, 0.5))

    async def _watch(self) -> None:
        async with connect(
            self.address.replace("http", "ws") + "/hitl/ws",
            origin=self.address,  # type: ignore[arg-type]
            additional_headers={"Cookie": f"hitl_session={self._cookie}"},
            proxy=None,
            open_timeout=5,
            close_timeout=1,
            ping_interval=None,
        ) as line:
            self.lines += 1
            await self._subscribe(line)
            while True:
                self._take(await self._receive(line))
                if self._hole:
                    await self._subscribe(line)

    async def _subscribe(self, line: ClientConnection) -> None:
        self._hole = False
        since = {"decisions": {"epoch": self._epoch, "offset": self.last}}
        await line.send(
            json.dumps({"type": "subscribe", "channels": ["decisions", "stats"], "since": since})
        )

    async def _receive(self, line: ClientConnection) -> dict[str, Any]:
        """The next message; TimeoutError when even a ping brings none."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(QUIET_SECONDS):
                return dict(json.loads(await line.recv()))
        await line.send('{"type":"ping"}')
        async with asyncio.timeout(QUIET_SECONDS):
            return dict(json.loads(await line.recv()))

    def _take(self, message: dict[str, Any]) -> None:
        match message["type"]:
            case "decision_made":
                self._apply(message)
            case "subscription_confirmed":
                if message["recovered"].get("decisions") is False:
                    self.reloads += 1
            case "pong":
                top = message["positions"].get("decisions", {"offset": 0})
                self._hole = top["offset"] > self.last

    def _apply(self, message: dict[str, Any]) -> None:
        offset = message["offset"]
        if offset <= self.last:
            return  # known already
        if offset > self.last + 1:
            self._hole = True
            return
        self.last = offset
        self.applied.append((offset, message["decision_id"]))
        committed = datetime.fromisoformat(message["timestamp"]).timestamp()
        self.longest_delay = max(self.longest_delay, time.time() - committed)
