"""Decisions at a steady rate during a fault, and what each socket received."""

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from uuid import uuid4

import httpx

from tests.support.site import apv, decision
from tests.support.waiting import SETTLE_SECONDS, pause, until
from tools.faults.watcher import Watcher
from tools.faults.world import World, log_of, now

RETRY_SECONDS = 0.5
"""How long after an error a decision is sent again: sooner than `Retry-After` asks for."""
ATTEMPTS = 1000


@dataclass(frozen=True)
class Size:
    """The amount of load while a fault is injected."""

    sockets: int
    decisions: int
    per_second: float
    stretch: float  # of the fault's duration; 1 is full size


FULL = Size(sockets=200, decisions=1000, per_second=50, stretch=1.0)
SMALL = Size(sockets=20, decisions=100, per_second=50, stretch=0.4)


@dataclass(frozen=True)
class Outcome:
    """The effects of a fault; the first four must be 0."""

    lost: int  # events that committed and some socket never applied, summed over sockets
    doubled: int
    out_of_order: int
    untold: int  # decisions with an answer 200 and no event, or the other way round
    longest_delay: float  # seconds from commit to the last socket
    server_errors: int  # HTTP 5xx, each tried again
    slowest_answer: float  # seconds of the slowest decision that was answered
    slowest_refusal: float  # seconds of the slowest HTTP 5xx
    lines: int  # sockets opened, over all watchers
    reloads: int

    @property
    def clean(self) -> bool:
        return not (self.lost or self.doubled or self.out_of_order or self.untold)


Fault = Callable[[World, float], Awaitable[None]]


class Load:
    """One run: watchers on both servers, decisions on both, a fault in between."""

    watcher_class: type[Watcher] = Watcher
    batch = 100
    """How many APVs are added in one request."""
    settle_seconds: float = SETTLE_SECONDS
    """How long all watchers may take to connect, and to receive everything at the end."""

    def __init__(self, world: World, size: Size, addresses: list[str]) -> None:
        self.world, self.size = world, size
        self.server_errors = 0
        self.slowest = self.slowest_refusal = 0.0
        self.answered: list[str] = []
        self.start = world.position()
        self.session = world.servers[0].client("admin")
        self.pipeline = world.servers[0].client("pipeline")
        cookie = self.session.cookies["hitl_session"]
        self.watchers = [
            self.watcher_class(addresses[number % len(addresses)], cookie, self.start)
            for number in range(size.sockets)
        ]

    async def run(self, fault: Fault) -> Outcome:
        return self._outcome(await self.follow(fault))

    async def follow(self, fault: Fault) -> list[tuple[int, str]]:
        """Decide while the fault lasts, and return the log when all watchers have it, or gave up.

        The log is returned as offsets and ids of decisions.
        """
        tasks = [asyncio.create_task(watcher.run()) for watcher in self.watchers]
        try:
            await until(lambda: all(one.lines for one in self.watchers), self.settle_seconds)
            await self.connected()
            injected = asyncio.create_task(self._inject(fault))
            await asyncio.gather(self._decide_all(injected), injected)
            truth = await asyncio.to_thread(self._truth)
            with contextlib.suppress(TimeoutError):
                await until(
                    lambda: all(self.has_all(one, truth) for one in self.watchers),
                    self.settle_seconds,
                )
        finally:
            for task in tasks:
                task.cancel()
            ends = await asyncio.gather(*tasks, return_exceptions=True)
        for end in ends:
            if not isinstance(end, asyncio.CancelledError):
                raise AssertionError("a watcher gave up") from end
        return truth

    async def connected(self) -> None:
        """Do nothing; all watchers are connected now."""

    def has_all(self, watcher: Watcher, truth: list[tuple[int, str]]) -> bool:
        return bool(watcher.last >= truth[-1][0])

    async def _pending(self, injected: "asyncio.Task[None]") -> AsyncIterator[str]:
        """Yield ids of APVs to decide on: as many as the size says, and until the fault is over."""
        given = 0
        while given < self.size.decisions or not injected.done():
            added = await asyncio.to_thread(self._add_apvs)
            if not added:
                await pause(RETRY_SECONDS)
            for apv_id in added:
                if given >= self.size.decisions and injected.done():
                    return
                given += 1
                yield apv_id

    def _add_apvs(self) -> list[str]:
        """Add a batch, through whichever server accepts it; return none if none does."""
        body = [apv() for _ in range(self.batch)]
        for server in self.world.servers:
            with contextlib.suppress(httpx.TransportError):
                url = f"{server.origin}/hitl/apvs"
                answer = self.pipeline.post(url, json=body, timeout=10)
                if answer.status_code == 201:
                    return [one["apv_id"] for one in answer.json()]
        return []

    async def _inject(self, fault: Fault) -> None:
        await pause(self.size.decisions / self.size.per_second / 5)  # into the steady stream
        await fault(self.world, self.size.stretch)

    async def _decide_all(self, injected: "asyncio.Task[None]") -> None:
        headers = {"X-CSRFToken": self.session.headers["X-CSRFToken"]}
        limits = httpx.Limits(max_connections=100)
        async with httpx.AsyncClient(
            cookies=self.session.cookies, headers=headers, timeout=20, limits=limits
        ) as client:
            started = now()
            tasks: list[asyncio.Task[None]] = []
            async for apv_id in self._pending(injected):
                await pause(max(0.0, started + len(tasks) / self.size.per_second - now()))
                tasks.append(asyncio.create_task(self._decide(client, len(tasks), apv_id)))
            await asyncio.gather(*tasks)

    async def _decide(self, client: httpx.AsyncClient, number: int, apv_id: str) -> None:
        """Send one decision under its key, until a server answers."""
        headers = {"Idempotency-Key": str(uuid4())}
        for attempt in range(ATTEMPTS):
            server = self.world.servers[(number + attempt) % len(self.world.servers)]
            began = now()
            with contextlib.suppress(httpx.TransportError):
                url = f"{server.origin}/hitl/decisions"
                answer = await client.post(url, json=decision(apv_id), headers=headers)
                if answer.status_code == 200:
                    self.slowest = max(self.slowest, now() - began)
                    self.answered.append(answer.json()["decision_id"])
                    return
                if answer.status_code < 500:
                    self.refused(answer)
                    return
                self.server_errors += 1
                self.slowest_refusal = max(self.slowest_refusal, now() - began)
            await pause(RETRY_SECONDS)
        raise AssertionError(f"no server took the decision on {apv_id}")

    def refused(self, answer: httpx.Response) -> None:
        """Take the refusal of a decision."""
        raise AssertionError(answer.text)

    def _truth(self) -> list[tuple[int, str]]:
        """Return every event since the start, from the log."""
        return log_of(self.world.site, self.start["offset"])

    def _outcome(self, truth: list[tuple[int, str]]) -> Outcome:
        ids = [decision_id for _, decision_id in truth]
        applied = [[decision_id for _, decision_id in one.applied] for one in self.watchers]
        rank = {decision_id: number for number, decision_id in enumerate(ids)}
        return Outcome(
            lost=sum(len(set(ids) - set(one)) for one in applied),
            doubled=sum(len(one) - len(set(one)) for one in applied),
            out_of_order=sum(
                rank[later] < rank[earlier]
                for one in applied
                for earlier, later in itertools.pairwise(one)
            ),
            untold=len(set(ids) ^ set(self.answered)) + len(ids) - len(set(ids)),
            longest_delay=max(one.longest_delay for one in self.watchers),
            server_errors=self.server_errors,
            slowest_answer=self.slowest,
            slowest_refusal=self.slowest_refusal,
            lines=sum(one.lines for one in self.watchers),
            reloads=sum(one.reloads for one in self.watchers),
        )
