"""Many clients of a server that restarts: all return, and those that are back are served."""

import asyncio
import contextlib
import json
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx
from picows import WSError

from tests.support.site import REUSE, decision
from tests.support.waiting import pause
from tools.bench.processes import cpu_seconds
from tools.faults.watcher import Watcher
from tools.faults.world import World, now

ANSWER_SECONDS = 15.0
"""As in socket.js, in whose place these clients stand."""
HEARD_PER_SECOND = 5000
"""Events that the clients may hear in a second, all together: they share the machine's cores."""
DECISIONS_PER_SECOND = 5
PROBE_SECONDS = 0.1
LATE_SECONDS = 5.0
"""How much later than after the longest pause a client may be back: letting it in takes a while."""
RETURN_SECONDS = 90
AT_ONCE = 500
"""How many clients connect together before the restart."""


@dataclass(frozen=True)
class Size:
    """The number of clients, and their least and longest pauses, in seconds."""

    sockets: int
    backoff: float
    most: float

    @property
    def pause(self) -> float:
        """Return how many seconds are between two decisions."""
        return max(1 / DECISIONS_PER_SECOND, self.sockets / HEARD_PER_SECOND)


FULL = Size(sockets=1000, backoff=1.0, most=15.0)  # as in socket.js
SMALL = Size(sockets=100, backoff=0.1, most=3.0)


@dataclass
class Outcome:
    """The return of a herd; times are in seconds."""

    size: Size
    released: float = 0.0  # from SIGTERM to the end of the last socket
    down: float = 0.0  # from SIGTERM until the server answered again
    back: float = 0.0  # from then until the last client was confirmed
    cpu: float = 0.0  # of the server, meanwhile
    pongs: list[float] = field(default_factory=list)  # meanwhile, of a client that was back early
    delays: list[float] = field(default_factory=list)  # from commit to a client that was back
    wrong: int = 0  # clients that missed an event, or applied one twice or early

    @property
    def clean(self) -> bool:
        """Return whether all came back as soon as they tried, and received everything."""
        return not self.wrong and self.back < self.size.most + LATE_SECONDS


class Member(Watcher):
    """A client that returns as a browser does; `delays` collects those of its live events."""

    quiet_seconds = 30.0

    def __init__(
        self, address: str, cookie: str, position: dict[str, Any], size: Size, delays: list[float]
    ) -> None:
        super().__init__(address, cookie, position)
        self._size = size
        self.confirmed_at: datetime | None = None
        self._delays = delays
        self._attempt = 0

    async def run(self) -> None:
        while True:
            with contextlib.suppress(OSError, WSError, TimeoutError):
                async with asyncio.timeout(ANSWER_SECONDS) as self._deadline:
                    await self._watch()
            self.confirmed_at = None
            most = min(self._size.most, self._size.backoff * 2**self._attempt)
            self._attempt += 1
            await asyncio.sleep(random.uniform(0, most))

    def take(self, message: dict[str, Any]) -> bool:
        if message["type"] == "connection_ack":
            self._expect_by(asyncio.get_running_loop().time() + ANSWER_SECONDS)
        elif message["type"] == "subscription_confirmed":
            self.confirmed_at = datetime.now(UTC)
            self._attempt = 0
            self._expect_by(None)
        elif message["type"] == "decision_made":
            committed = datetime.fromisoformat(message["timestamp"])
            if self.confirmed_at and committed > self.confirmed_at:
                self._delays.append((datetime.now(UTC) - committed).total_seconds())
        return super().take(message)

    def _expect_by(self, when: float | None) -> None:
        """Give up at `when`, by the loop's clock, unless the time is over already."""
        if not self._deadline.expired():
            self._deadline.reschedule(when)


class Herd:
    """Clients of the second server of a world, which restarts; the first one makes the events."""

    def __init__(self, world: World, size: Size, told: Callable[[str], None] = lambda _: None):
        self.world, self.told = world, told
        self._session = world.servers[0].client("admin")
        self._cookie = self._session.cookies["hitl_session"]
        self._start = world.position()
        self.outcome = Outcome(size)
        self._deciding = True
        self.members = [
            Member(world.servers[1].origin, self._cookie, self._start, size, self.outcome.delays)
            for _ in range(size.sockets)
        ]

    async def run(self) -> Outcome:
        """Connect all, restart their server, and wait for their return."""
        tasks: list[asyncio.Task[None]] = []
        deciding = asyncio.create_task(self._decide())
        try:
            for start in range(0, len(self.members), AT_ONCE):
                some = self.members[start : start + AT_ONCE]
                tasks += [asyncio.create_task(one.run()) for one in some]
                await self._until(lambda one: one.confirmed_at is not None, some)
            self.told(f"{len(self.members)} sockets open")
            await self._restart()
            self._deciding = False
            await deciding  # the last decision counts too
            truth = await asyncio.to_thread(self._truth)
            await self._until(lambda one: one.last >= truth[-1])
        finally:
            for task in [*tasks, deciding]:
                task.cancel()
            await asyncio.gather(*tasks, deciding, return_exceptions=True)
        self.outcome.wrong = sum(
            [offset for offset, _ in one.applied] != truth for one in self.members
        )
        return self.outcome

    async def _restart(self) -> None:
        began = now()
        restarting = asyncio.create_task(self.world.restart_server(1))
        await self._until(lambda one: one.confirmed_at is None)
        self.outcome.released = now() - began
        self.told("all sockets closed")
        await restarting
        self.outcome.down = now() - began
        self.told("the server is back")
        self.outcome.delays.clear()
        server = self.world.servers[1].process.pid
        cpu = cpu_seconds(server)
        probing = asyncio.create_task(self._probe())
        await self._until(lambda one: one.confirmed_at is not None)
        self.outcome.back = now() - began - self.outcome.down
        self.outcome.cpu = cpu_seconds(server) - cpu
        self.told("all clients are back")
        probing.cancel()
        await asyncio.gather(probing, return_exceptions=True)

    async def _until(
        self, condition: Callable[[Member], bool], members: Sequence[Member] = ()
    ) -> None:
        """Wait until `condition` is true of all members, or of some."""
        async with asyncio.timeout(RETURN_SECONDS):
            while not all(map(condition, members or self.members)):
                await pause(0.02)

    async def _probe(self) -> None:
        """Ask for a pong again and again, on one of the first connections to return."""
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
        """Decide at a steady rate."""
        server = self.world.servers[0]
        headers = {"X-CSRFToken": self._session.headers["X-CSRFToken"]}
        async with httpx.AsyncClient(
            base_url=server.origin,
            cookies=self._session.cookies,
            headers=headers,
            timeout=RETURN_SECONDS,
            limits=REUSE,
        ) as client:
            while self._deciding:
                added = await asyncio.to_thread(server.add_apv)
                answer = await client.post("/hitl/decisions", json=decision(added["apv_id"]))
                assert answer.status_code == 200, answer.text
                await pause(self.outcome.size.pause)

    def _truth(self) -> list[int]:
        """Return the offsets of every decision since the start, from the log."""
        sql = (
            "SELECT \"offset\" FROM realtime_event WHERE channel = 'decisions'"
            ' AND "offset" > %s ORDER BY "offset"'
        )
        return [offset for (offset,) in self.world.site.rows(sql, self._start["offset"])]
