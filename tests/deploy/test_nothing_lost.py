"""What breaks on the way through nginx loses nothing and doubles nothing."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from uuid import uuid4

import httpx
import psutil

from tests.support.nginx import Nginx, nginx_before
from tests.support.people import issue
from tests.support.site import apv, decision
from tests.support.waiting import pause
from tools.faults.watcher import Watcher
from tools.faults.world import World

SOCKETS = 200
WRITERS = 4
SETTLE_SECONDS = 120
WROTE_NOTHING_SURE = {502, 503, 504}
"""What a write is repeated after, with its key."""


class Crowd:
    """Watchers of decisions through nginx, and writers who add APVs and decide on them."""

    def __init__(self, nginx: Nginx, world: World, sockets: int = SOCKETS) -> None:
        self.nginx, self.world = nginx, world
        self._start = world.position()
        cookie = nginx.client("admin").cookies["hitl_session"]
        self.watchers = [Watcher(nginx.origin, cookie, self._start) for _ in range(sockets)]
        self._tokens = [issue(world.site, name, "--days", "1") for name in ("pipeline", "reviewer")]
        self._writing = True
        self.written: list[str] = []
        """The names of the packages whose APVs were added and decided on."""
        self.repeated = 0

    @contextlib.asynccontextmanager
    async def at_work(self) -> AsyncIterator["Crowd"]:
        """Watch and write; at the end, let the writers finish and all watchers catch up."""
        watching = [asyncio.create_task(one.run()) for one in self.watchers]
        writing = [asyncio.create_task(self._write()) for _ in range(WRITERS)]
        try:
            await self.until(lambda: all(one.lines for one in self.watchers))
            await self.goes_on()
            yield self
            await self.goes_on()
            self._writing = False
            await asyncio.gather(*writing)
            truth = await asyncio.to_thread(self.truth)
            await self.until(lambda: all(one.last >= truth[-1][0] for one in self.watchers))
        finally:
            for task in [*watching, *writing]:
                task.cancel()
            await asyncio.gather(*watching, *writing, return_exceptions=True)

    async def _write(self) -> None:
        pipeline, reviewer = (
            httpx.AsyncClient(
                base_url=self.nginx.origin, headers={"Authorization": f"Bearer {token}"}, timeout=60
            )
            for token in self._tokens
        )
        async with pipeline, reviewer:
            while self._writing:
                package = f"crowd-{uuid4().hex}"
                added = await self._send(pipeline, "/hitl/apvs", apv(package_name=package))
                await self._send(reviewer, "/hitl/decisions", decision(added["apv_id"]))
                self.written.append(package)
                await pause(0.1)

    async def _send(self, client: httpx.AsyncClient, path: str, body: dict) -> dict:
        """Send a write until it is answered, each time with the same key."""
        headers = {"Idempotency-Key": uuid4().hex}
        while True:
            with contextlib.suppress(httpx.TransportError):
                answer = await client.post(path, json=body, headers=headers)
                if answer.status_code not in WROTE_NOTHING_SURE:
                    assert answer.is_success, answer.text
                    return dict(answer.json())
            self.repeated += 1
            await pause(0.2)

    async def goes_on(self, count: int = 2 * WRITERS) -> None:
        """Wait for so many more writes."""
        before = len(self.written)
        await self.until(lambda: len(self.written) >= before + count)

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(SETTLE_SECONDS):
            while not condition():
                await pause(0.05)

    def truth(self) -> list[tuple[int, str]]:
        """Return the offset and the decision's id of all events since the start, from the log."""
        sql = """SELECT "offset", message::jsonb->>'decision_id' FROM realtime_event
            WHERE channel = 'decisions' AND "offset" > %s ORDER BY "offset\""""
        return [(at, one) for at, one in self.world.site.rows(sql, self._start["offset"])]

    def assert_nothing_lost_or_doubled(self) -> None:
        truth = self.truth()
        assert [one.applied for one in self.watchers if one.applied != truth] == []
        assert sum(one.reloads for one in self.watchers) == 0
        sql = """SELECT package_name, count(DISTINCT apv.apv_id), count(decision_id)
            FROM reviews_apv apv JOIN reviews_decision USING (apv_id)
            WHERE package_name LIKE 'crowd-%%' GROUP BY 1"""
        found = {name: (apvs, made) for name, apvs, made in self.world.site.rows(sql)}
        assert {found.get(name) for name in self.written} == {(1, 1)}


def ended(processes: set[psutil.Process]) -> bool:
    return not any(one.is_running() for one in processes)


async def test_old_workers_keep_their_sockets_after_a_reload(world: World, nginx: Nginx) -> None:
    async with Crowd(nginx, world).at_work() as crowd:
        old = await asyncio.to_thread(nginx.reload)
        async with nginx.socket() as another:
            await another.subscribe("apvs")
        await crowd.goes_on()
        assert not ended(old)
    assert {one.lines for one in crowd.watchers} == {1}
    crowd.assert_nothing_lost_or_doubled()


async def test_clients_resume_when_old_workers_end_after_a_reload(world: World) -> None:
    with nginx_before(*world.servers, worker_shutdown_timeout="2s") as nginx:
        async with Crowd(nginx, world).at_work() as crowd:
            old = await asyncio.to_thread(nginx.reload)
            await crowd.until(lambda: ended(old))
            await crowd.until(lambda: all(one.lines > 1 for one in crowd.watchers))
        crowd.assert_nothing_lost_or_doubled()


async def test_killed_service_is_left_out_and_comes_back(world: World, nginx: Nginx) -> None:
    async with Crowd(nginx, world).at_work() as crowd:
        world.kill_server(0)
        await crowd.goes_on()
        moved = [one for one in crowd.watchers if one.lines > 1]
        await world.restart_server(0)
        await crowd.goes_on()
        world.kill_server(1)
        await crowd.until(lambda: all(one.lines > 1 for one in crowd.watchers))
    assert 0 < len(moved) < SOCKETS
    crowd.assert_nothing_lost_or_doubled()
    await world.restart_server(1)
