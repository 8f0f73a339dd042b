"""Many subscribers in one process, cheap enough not to slow what they measure."""

import asyncio
import json
import time
from collections.abc import Callable
from datetime import datetime

from picows import WSFrame, WSListener, WSMsgType, WSTransport, ws_connect

AT_ONCE = 100
WAIT_SECONDS = 120
SUBSCRIBE = b'{"type":"subscribe","channels":["apvs","decisions","stats"]}'


class Crowd:
    """Sockets that count what they receive.

    Each sends `hello` when it is connected; `ready` is in the answer that completes its opening.
    """

    def __init__(
        self,
        url: str,
        headers: dict[str, str] | None = None,
        hello: bytes = SUBSCRIBE,
        ready: bytes = b"subscription_confirmed",
    ) -> None:
        self.url, self.headers, self.hello, self.ready = url, headers, hello, ready
        self.members: list[Member] = []
        self.received = 0
        """Messages since the opening, over all members."""
        self.closed = 0
        """Members that the server has left."""
        self.delays: list[float] | None = None
        """Seconds from an event's time to its arrival, once set to a list."""
        self._counted = {b"decision_made": 0, b"new_apv": 0}
        self._changed = asyncio.Event()

    async def open(self, count: int) -> float:
        """Open members; return how many seconds that took."""
        started = time.perf_counter()
        for start in range(0, count, AT_ONCE):
            few = min(AT_ONCE, count - start)
            self.members += await asyncio.gather(*(self._open_one() for _ in range(few)))
        return time.perf_counter() - started

    async def _open_one(self) -> "Member":
        member = Member(self)
        await ws_connect(lambda: member, self.url, extra_headers=self.headers)
        async with asyncio.timeout(WAIT_SECONDS):
            await member.opened.wait()
        if member.left:
            raise ConnectionError(f"The server closed a socket as it opened: {member.farewell()}")
        return member

    def close(self) -> None:
        for member in self.members:
            member.transport.disconnect(graceful=False)

    def count(self, kind: bytes) -> int:
        """Return how many messages containing `kind` all members have received."""
        return self._counted[kind]

    async def hears(self, kind: bytes, count: int) -> bool:
        """Wait for so many messages containing `kind`; return False if none comes for long."""
        return await self._until(lambda: self._counted[kind] >= count)

    async def receives(self, count: int) -> bool:
        """Wait for so many messages of any kind; return False if none comes for long."""
        return await self._until(lambda: self.received >= count)

    async def _until(self, condition: Callable[[], bool]) -> bool:
        try:
            while not condition():
                self._changed.clear()
                async with asyncio.timeout(WAIT_SECONDS):
                    await self._changed.wait()
        except TimeoutError:
            return False
        return True

    def take(self, payload: bytes) -> None:
        for kind in self._counted:
            found = payload.count(kind)
            if found:
                self._counted[kind] += found
                self.received += found
                if self.delays is not None:
                    sent = datetime.fromisoformat(json.loads(payload)["timestamp"])
                    self.delays.append(time.time() - sent.timestamp())
        self.received += payload.count(b"stats_update")
        self._changed.set()


class Member(WSListener):
    """One of the crowd."""

    transport: WSTransport

    def __init__(self, crowd: Crowd) -> None:
        self._crowd = crowd
        self.opened = asyncio.Event()
        self.left = False

    def on_ws_connected(self, transport: WSTransport) -> None:
        self.transport = transport
        transport.send(WSMsgType.TEXT, self._crowd.hello)

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        self._crowd.closed += 1
        self.left = True
        self.opened.set()

    def farewell(self) -> str:
        """Return the code and reason with which the server closed it."""
        said = self.transport.close_handshake and self.transport.close_handshake.recv
        return f"{said.code} {said.reason}" if said else "no close frame"

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type not in {WSMsgType.TEXT, WSMsgType.BINARY}:
            return
        payload = frame.get_payload_as_bytes()
        if self.opened.is_set():
            self._crowd.take(payload)
        elif self._crowd.ready in payload:
            self.opened.set()
