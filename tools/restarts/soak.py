"""Kill servers in use again and again, and measure what they leave in Redis and PostgreSQL."""

import asyncio
import contextlib
import itertools
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import astuple, dataclass

import httpx
from websockets.exceptions import WebSocketException

from tests.support.site import apv, decision, hubs_listening
from tests.support.waiting import pause
from tools.faults.world import World, now

USERS = 8
ROUND_SECONDS = 0.05
"""How long a user rests between two rounds."""
TOLD_SECONDS = 5.0
"""How long a user waits for the news of a decision; the server may have been killed."""
STEADY_READINGS = 3
VARIABLES = {"HITL_DB_POOL": "10"}
MOST_CONNECTIONS = 2 * 10
"""What two servers may hold, as pools grow with need; what is beyond belongs to dead ones."""
SETTLE_SECONDS = 60.0
LEAK = 1.05
"""How much more than before is something left behind."""


@dataclass(frozen=True)
class Size:
    """The number of kills, and how many seconds both servers are in use before each."""

    kills: int
    seconds: float


FULL = Size(kills=20, seconds=3.0)
SMALL = Size(kills=3, seconds=0.5)


@dataclass(frozen=True)
class Reading:
    """What Redis and PostgreSQL hold for the servers."""

    keys: int
    memory: int  # bytes, as Redis counts them
    members: int  # hubs that subscribe to decisions
    connections: int  # to the database

    def within(self, before: "Reading") -> bool:
        """Return whether no more is held than before."""
        return (
            self.keys <= before.keys * LEAK
            and self.memory <= before.memory * LEAK
            and self.members <= before.members
            and self.connections <= MOST_CONNECTIONS
        )

    def or_more(self, other: "Reading") -> "Reading":
        return Reading(*map(max, astuple(self), astuple(other)))


@dataclass(frozen=True)
class Outcome:
    """What was held before the first kill, at most, and after the last one."""

    size: Size
    before: Reading
    most: Reading
    after: Reading
    settled: float  # seconds from the end of use until no more was held than before
    rounds: int  # of connecting, subscribing, deciding and dropping

    @property
    def clean(self) -> bool:
        return self.after.within(self.before)


class Soak:
    """Users of both servers of a world, one of which is killed regularly and started again."""

    def __init__(self, world: World, size: Size, told: Callable[[str], None] = lambda _: None):
        self.world, self.size, self.told = world, size, told
        self.rounds = 0
        session = world.servers[0].client("admin")
        self._cookies = dict(session.cookies)
        self._headers = {"X-CSRFToken": session.headers["X-CSRFToken"]}

    async def run(self) -> Outcome:
        async with self._in_use():
            await pause(self.size.seconds)
            await self._all_listen()
        before = await self._steady()
        self.told(f"at the start: {before}")
        most = before
        async with self._in_use():
            for kill in range(self.size.kills):
                await pause(self.size.seconds)
                self.world.kill_server(kill % 2)
                await self.world.restart_server(kill % 2)
                most = most.or_more(await self._read())
                self.told(f"{kill + 1} of {self.size.kills} killed, at most: {most}")
            await pause(self.size.seconds)
        ended = now()
        after = await self._steady(before)
        self.told(f"at the end: {after}")
        return Outcome(self.size, before, most, after, now() - ended, self.rounds)

    async def _all_listen(self) -> None:
        """Return once each server's hub listens: one that nobody has used yet holds less."""
        until = now() + SETTLE_SECONDS
        while (await self._read()).members < len(self.world.servers) and now() < until:
            await pause(0.2)

    # -- Use --------------------------------------------------------------------------------

    @contextlib.asynccontextmanager
    async def _in_use(self) -> AsyncIterator[None]:
        users = [asyncio.create_task(self._user(number)) for number in range(USERS)]
        try:
            yield
        finally:
            for user in users:
                user.cancel()
            ends = await asyncio.gather(*users, return_exceptions=True)
        for end in ends:
            if not isinstance(end, asyncio.CancelledError):
                raise AssertionError("a user gave up") from end

    async def _user(self, number: int) -> None:
        """Repeat rounds, from server to server, whatever happens to them."""
        async with httpx.AsyncClient(cookies=self._cookies, headers=self._headers) as client:
            for turn in itertools.count(number):
                with contextlib.suppress(
                    httpx.TransportError, OSError, WebSocketException, TimeoutError
                ):
                    await self._round(client, turn % 2)
                await pause(ROUND_SECONDS)

    async def _round(self, client: httpx.AsyncClient, number: int) -> None:
        """Connect, subscribe, decide, receive the decision, disconnect."""
        server = self.world.servers[number]
        headers = {"Cookie": f"hitl_session={self._cookies['hitl_session']}"}
        async with (
            asyncio.timeout(TOLD_SECONDS),
            server.raw_socket("", headers=headers) as line,
        ):
            await line.send('{"type":"subscribe","channels":["decisions","stats"]}')
            made = await self._decide(client, server.origin)
            while made != json.loads(await line.recv()).get("decision_id"):
                pass
            line.transport.abort()
        self.rounds += 1

    async def _decide(self, client: httpx.AsyncClient, origin: str) -> str:
        added = await client.post(f"{origin}/hitl/apvs", json=apv())
        body = decision(added.json()["apv_id"])
        made = await client.post(f"{origin}/hitl/decisions", json=body)
        assert made.status_code == 200, made.text
        return str(made.json()["decision_id"])

    # -- What is held -----------------------------------------------------------------------

    async def _steady(self, before: Reading | None = None) -> Reading:
        """Return what is held once it no longer changes, or is no more than `before`."""
        until = now() + SETTLE_SECONDS
        readings: list[Reading] = []
        while now() < until:
            await pause(1)
            readings.append(await self._read())
            if before is not None and readings[-1].within(before):
                break
            last = {(one.keys, one.members) for one in readings[-STEADY_READINGS:]}
            if before is None and len(readings) >= STEADY_READINGS and len(last) == 1:
                break
        return readings[-1]

    async def _read(self) -> Reading:
        return await asyncio.to_thread(self._reading)

    def _reading(self) -> Reading:
        sql = (
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        [(connections,)] = self.world.site.rows(sql)
        with self.world.redis.client() as redis:
            return Reading(
                keys=int(redis.dbsize()),
                memory=int(redis.info("memory")["used_memory"]),
                members=hubs_listening(redis),
                connections=connections,
            )
