"""Many clients on a server that restarts: all come back, and those who are back are served."""

import asyncio
import contextlib
import json
import random
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx
from picows import WSError

from tests.faults.watcher import Watcher
from tests.faults.world import World, now, pause
from tests.site import decision

ANSWER_SECONDS = 15.0
BACKOFF_SECONDS, BACKOFF_MOST_SECONDS = 1.0, 30.0
"""The patience of socket.js, in whose place these clients stand."""
DECISIONS_PER_SECOND = 5
PROBE_SECONDS = 0.1
RETURN_SECONDS = 90


@dataclass
class Outcome:
    """How a herd came back; times are in seconds."""

    sockets: int
    released: float = 0.0  # from SIGTERM to the end of the last socket
    down: float = 0.0  # from SIGTERM until the server answered again
    back: float = 0.0  # from then until the last client was confirmed
    pongs: list[float] = field(default_factory=list)  # meanwhile, of one that was back early
    delays: list[float] = field(default_factory=list)  # from commit to a client that was back
    lost: int = 0  # events that a client never applied or applied twice, over all clients


class Member(Watcher):
    """A client that comes back as a browser does; `delays` takes those of its live events."""

    quiet_seconds = 30.0

    def __init__(
        self, address: str, cookie: str, position: dict[str, Any], delays: list[float]
    ) -> None:
        super().__init__(address, cookie, position)
        self.confirmed_at: datetime | None = None
        self._delays = delays
        self._attempt = 0

    async def run(self) -> None:
        while True:
            with contextlib.suppress(OSError, WSError, TimeoutError):
                async with asyncio.timeout(ANSWER_SECONDS) as self._deadline:
                    await self._watch()
            self.confirmed_at = None
            most = min(BACKOFF_MOST_SECONDS, BACKOFF_SECONDS * 2**self._attempt)
            self._attempt += 1
            await asyncio.sleep(random.uniform(0, most))

    def take(self, message: dict[str, Any]) -> bool:
        if message["type"] == "subscription_confirmed":
            self.confirmed_at = datetime.now(UTC)
            self._attempt = 0
            self._deadline.reschedule(None)
        elif message["type"] == "decision_made":
            committed = datetime.fromisoformat(message["timestamp"])
            if self.confirmed_at and committed > self.confirmed_at:
                self._delays.append((datetime.now(UTC) - committed).total_seconds())
        return super().take(message)


class Herd:
    """Clients of the second server of a world, which restarts; the first one makes the news."""

    def __init__(self, world: World, count: int) -> None:
        self.world = world
        self._session = world.servers[0].client("admin")
        self._pipeline = world.servers[0].client("pipeline")
        self._cookie = self._session.cookies["hitl_session"]
        self._start = world.position()
        self.outcome = Outcome(count)
        self.members = [
            Member(world.servers[1].origin, self._cookie, self._start, self.outcome.delays)
            for _ in range(count)
        ]

    async def run(self) -> Outcome:
        """Let all connect, restart their server, and see them return."""
        tasks = [asyncio.create_task(one.run()) for one in self.members]
        deciding = asyncio.create_task(self._decide())
        try:
            await self._until(lambda one: one.confirmed_at is not None)
            await self._restart()
            deciding.cancel()
            await asyncio.gather(deciding, return_exceptions=True)
            truth = self._truth()
            await self._until(lambda one: one.last >= truth[-1])
        finally:
            for task in [*tasks, deciding]:
                task.cancel()
            await asyncio.gather(*tasks, deciding, return_exceptions=True)
        expected = [offset for offset in truth if offset <= truth[-1]]
        self.outcome.lost = sum(
            [offset for offset, _ in one.applied if offset <= truth[-1]] != expected
            for one in self.members
        )
        return self.outcome

    async def _restart(self) -> None:
        began = now()
        restarting = asyncio.create_task(self.world.restart_server(1))
        await self._until(lambda one: one.confirmed_at is None)
        self.outcome.released = now() - began
        await restarting
        self.outcome.down = now() - began
        self.outcome.delays.clear()
        probing = asyncio.create_task(self._probe())
        await self._until(lambda one: one.confirmed_at is not None)
        self.outcome.back = now() - began - self.outcome.down
        probing.cancel()
        await asyncio.gather(probing, return_exceptions=True)

    async def _until(self, condition: Any) -> None:
        """Wait until `condition` is true of every member."""
        async with asyncio.timeout(RETURN_SECONDS):
            while not all(map(condition, self.members)):
                await pause(0.02)

    async def _probe(self) -> None:
        """Ask for a pong again and again, on a line that was among the first to come back."""
        headers = {"Cookie": f"hitl_session={self._cookie}"}
        async with self.world.servers[1].raw_socket("", headers=headers) as line:
            while True:
                asked = now()
                await line.send('{"type":"ping"}')
                while json.loads(await line.recv())["type"] != "pong":
                    pass
                self.outcome.pongs.append(now() - asked)
                await pause(PROBE_SECONDS)

    async def _decide(self) -> None:
        """Decide at a steady rate, for ever."""
        server = self.world.servers[0]
        headers = {"X-CSRFToken": self._session.headers["X-CSRFToken"]}
        async with httpx.AsyncClient(
            base_url=server.origin, cookies=self._session.cookies, headers=headers
        ) as client:
            while True:
                added = await asyncio.to_thread(server.add_apv)
                answer = await client.post("/hitl/decisions", json=decision(added["apv_id"]))
                assert answer.status_code == 200, answer.text
                await pause(1 / DECISIONS_PER_SECOND)

    def _truth(self) -> list[int]:
        """The offsets of every decision since the start, as the log has them."""
        sql = (
            "SELECT \"offset\" FROM realtime_event WHERE channel = 'decisions'"
            ' AND "offset" > %s ORDER BY "offset"'
        )
        return [offset for (offset,) in self.world.site.rows(sql, self._start["offset"])]
