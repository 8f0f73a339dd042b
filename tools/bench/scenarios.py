"""What is measured of this project alone: bursts, idle memory, many sockets, stalled readers."""

import asyncio
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx
from picows import WSTransport, ws_connect

from tests.support.site import decision
from tools.bench.crowd import Crowd, Member
from tools.bench.fanout import fan_out
from tools.bench.processes import cpu_seconds, pss_bytes
from tools.bench.systems import System, ThisProject, run
from tools.quantiles import quantile

MEGABYTE = 2**20


@dataclass(frozen=True)
class Figure:
    """A figure, and its goal: at most `reach`."""

    what: str
    value: float
    reach: float
    unit: str = "×"
    note: str = ""

    @property
    def reached(self) -> bool:
        return self.value <= self.reach


# -- Bursts -----------------------------------------------------------------------------------


def burst(project: ThisProject, single: float) -> Figure:
    """A thousand events in one transaction to a thousand sockets, against one event at a time."""

    async def measure() -> float:
        await project.prepare(0)
        crowd = project.crowd()
        await crowd.open(1000)
        try:
            await project.add(10)
            await crowd.hears(b"new_apv", 10_000)
            cpu, received = cpu_seconds(project.pid), crowd.received
            await project.add(1000)
            await crowd.hears(b"new_apv", 1_010_000)
            cpu, received = cpu_seconds(project.pid) - cpu, crowd.received - received
        finally:
            crowd.close()
            await project.finish()
        return cpu / received * 1e6

    with project.serving():
        value = run(measure())
    note = f"{value:.1f} µs against {single:.1f} µs"
    return Figure(
        "CPU per delivery in a burst, against single events", value / single, 0.4, "×", note
    )


# -- Many sockets -----------------------------------------------------------------------------


def idle_memory(project: ThisProject) -> Figure:
    """Memory of a signed-in socket that does nothing, at 5,000 of them."""

    async def measure() -> float:
        crowd = project.crowd()
        await crowd.open(500)  # what the first ones make the process allocate is not theirs
        before = pss_bytes(project.pid)
        await crowd.open(5000)
        after = pss_bytes(project.pid)
        crowd.close()
        return (after - before) / 5000 / 1024

    with project.serving():
        return Figure("memory per idle socket at 5,000", run(measure()), 32, "KB")


def nine_thousand(project: ThisProject) -> list[Figure]:
    with project.serving():
        found = run(fan_out(project, 9000, 50))
    note = f"p50 {found.p50:.0f} ms to the last one, {found.sockets_per_second:.0f} opened a second"
    return [
        Figure("deliveries lost at 9,000 sockets, 50 decisions", found.lost, 0, "", note),
        Figure("sockets closed at 9,000 sockets, 50 decisions", found.closed, 0, ""),
    ]


# -- Letting in -------------------------------------------------------------------------------


def pings_while_letting_in(project: System) -> tuple[float, float]:
    """Return the p99 in ms of pings of those inside: alone, and while 1,000 others are let in."""

    async def measure() -> tuple[float, float]:
        inside, others = project.crowd(), project.crowd()
        await inside.open(50)
        alone = await _pings_until(inside, asyncio.create_task(asyncio.sleep(2)))
        beside = await _pings_until(inside, asyncio.create_task(others.open(1000)))
        others.close()
        inside.close()
        return quantile(alone, 0.99) * 1e3, quantile(beside, 0.99) * 1e3

    with project.serving():
        alone, beside = run(measure())
    return alone, beside


async def _pings_until(crowd: Crowd, ending: "asyncio.Task[Any]") -> list[float]:
    """Return the round trips, in seconds, of pings one after another until `ending` is done."""
    trips: list[float] = []
    while not ending.done():
        member = crowd.members[len(trips) % len(crowd.members)]
        trips += await member.transport.measure_roundtrip_time(1)
        await asyncio.sleep(0.002)
    await ending
    return trips


def undisturbed(project: ThisProject, manager: System) -> Figure:
    """Compare how long those inside wait while others are let in, here and at the manager."""
    (alone, mine), (managers_alone, managers) = map(pings_while_letting_in, (project, manager))
    note = (
        f"{mine:.1f} ms against {managers:.1f} ms; {alone:.1f} and {managers_alone:.1f} ms without"
    )
    what = "ping p99 of those inside while 1,000 are let in, against the FastAPI manager"
    return Figure(what, mine / managers, 1, "×", note)


# -- A stalled reader -------------------------------------------------------------------------


class Stalled(Member):
    """Reads nothing after its opening."""

    def on_ws_frame(self, transport: WSTransport, frame: Any) -> None:
        super().on_ws_frame(transport, frame)
        if self.opened.is_set():
            transport.underlying_transport.pause_reading()


def stalled_reader(project: ThisProject) -> list[Figure]:
    """500 sockets, to all of which together 100 MB are pushed; with and without one that stalls."""
    pushed = 100 * MEGABYTE

    async def measure(stall: bool) -> tuple[float, float]:
        await project.prepare(0)
        crowd = project.crowd()
        await crowd.open(500)
        if stall:
            await _open_stalled(crowd)
        await project.add(10)
        await crowd.hears(b"new_apv", 10 * 500)
        crowd.delays = []
        memory = most = pss_bytes(project.pid)
        sent = crowd.count(b"new_apv")
        events = pushed // 500 // 300
        for number in range(1, events + 1):
            await project.add(1)
            await crowd.hears(b"new_apv", sent + number * 500)
            if number % 50 == 0:
                most = max(most, pss_bytes(project.pid))
        crowd.close()
        await project.finish()
        return quantile(crowd.delays, 0.99) * 1e3, (most - memory) / MEGABYTE

    without, with_one, grown = [], [], []
    with project.serving():
        for _ in range(2):
            run(measure(False))  # the process grows by some 15 MiB until it has done all this twice
        for _ in range(2):
            p99, growth = run(measure(False))
            without.append(p99)
            p99_with_one, growth_with_one = run(measure(True))
            with_one.append(p99_with_one)
            grown.append(growth_with_one - growth)  # garbage waits for its collection in both
    ratio = statistics.median(with_one) / statistics.median(without)
    note = f"p99 {statistics.median(with_one):.1f} ms against {statistics.median(without):.1f} ms"
    return [
        Figure("delay of the others beside a stalled reader, against none", ratio, 1.2, "×", note),
        Figure("memory beside a stalled reader, more than without", max(grown), 5, "MiB"),
    ]


async def _open_stalled(crowd: Crowd) -> None:
    member = Stalled(crowd)
    await ws_connect(lambda: member, crowd.url, extra_headers=crowd.headers)
    await member.opened.wait()


# -- Requests and sockets ---------------------------------------------------------------------


def pings_under_decisions(project: ThisProject) -> Figure:
    """The round trip of a ping on an open socket while eight clients decide all the time."""

    async def measure() -> list[float]:
        await project.prepare(0)
        ids = [one["apv_id"] for _ in range(4) for one in await project.add(200)]
        crowd = project.crowd()
        await crowd.open(50)
        trips: list[float] = []
        deciding = asyncio.create_task(_decide_all(project, ids))
        while not deciding.done():
            member = crowd.members[len(trips) % 50]
            trips += await member.transport.measure_roundtrip_time(1)
        await deciding
        crowd.close()
        await project.finish()
        return trips

    with project.serving():
        trips = run(measure())
    note = f"p50 {statistics.median(trips) * 1e3:.1f} ms, of {len(trips)}"
    return Figure(
        "ping p99 beside a burst of decisions", quantile(trips, 0.99) * 1e3, 250, "ms", note
    )


async def _decide_all(project: ThisProject, ids: list[str]) -> None:
    session = project.server.client("admin")
    headers = {"X-CSRFToken": session.headers["X-CSRFToken"]}
    async with httpx.AsyncClient(
        base_url=project.server.origin, cookies=session.cookies, headers=headers, timeout=60
    ) as client:

        async def work() -> None:
            while ids:
                answer = await client.post("/hitl/decisions", json=decision(ids.pop()))
                assert answer.status_code == 200, answer.text

        await asyncio.gather(*(work() for _ in range(8)))


# -- Numbers over many rows -------------------------------------------------------------------


def many_rows(make: Callable[[], ThisProject]) -> list[Figure]:
    """Statistics and a page of the queue, over a hundred times as many rows."""
    few, many = _read(make(), 10_000, 1_000), _read(make(), 1_000_000, 100_000)
    return [
        Figure(
            f"{path} over a hundred times the rows",
            many[path] / few[path],
            1.5,
            "×",
            f"{many[path]:.0f} ms over 1,000,000 decided and 100,000 pending, "
            f"{few[path]:.0f} ms over 10,000 and 1,000",
        )
        for path in few
    ]


def _read(project: ThisProject, decided: int, pending: int) -> dict[str, float]:
    with project.serving():
        _fill(project, decided, pending)
        return {
            path: statistics.median(_get(project, path) for _ in range(20))
            for path in ("/hitl/reviews/stats", "/hitl/reviews")
        }


def _get(project: ThisProject, path: str) -> float:
    began = time.perf_counter()
    answer = project.server.client("lead").get(path)
    assert answer.status_code == 200, answer.text
    return (time.perf_counter() - began) * 1e3


FILL_APVS = """
    INSERT INTO reviews_apv (apv_id, apv_code, status, version, priority, severity, package_name,
        patch_strategy, created_at, updated_at, {others})
    SELECT gen_random_uuid(), 'APV-2025-' || 1000000 + n,
        CASE WHEN n <= %s THEN 'approved' ELSE 'pending' END, 1, (ARRAY[10, 8, 5, 2])[1 + n %% 4],
        (ARRAY['CRITICAL', 'HIGH', 'MEDIUM', 'LOW'])[1 + n %% 4], 'package' || n %% 1000,
        'version_bump', now() - random() * interval '90 days', now(), {values}
    FROM generate_series(1, %s) AS n
"""
FILL_DECISIONS = """
    INSERT INTO reviews_decision (decision_id, apv_id, decision, justification, confidence,
        modifications, reviewer_id, reviewer_name, reviewer_email, severity, patch_strategy,
        recommendation, diff_sha256, apv_version, review_seconds, action_taken,
        decided_at)
    SELECT gen_random_uuid(), apv_id, 'approve', 'made for measuring', 1, '{}', %s, 'Ada', '',
        severity, patch_strategy, 'approve', '', version, 3000000 * random() ^ 3, 'pr_merged',
        now() - random() * interval '20 days'
    FROM reviews_apv WHERE status = 'approved'
"""


def _fill(project: ThisProject, decided: int, pending: int) -> None:
    """Insert rows directly into the database: a million in a minute."""
    site = project.site
    others = site.rows(
        "SELECT column_name, data_type FROM information_schema.columns"
        " WHERE table_name = 'reviews_apv' AND is_nullable = 'NO' AND column_default IS NULL"
    )
    blank = {"boolean": "true", "ARRAY": "'{}'", "jsonb": "'{}'"}
    left = {name: blank.get(kind, "''") for name, kind in others if name not in FILL_APVS}
    sql = FILL_APVS.format(others=", ".join(left), values=", ".join(left.values()))
    site.execute(sql, decided, decided + pending)
    [(reviewer,)] = site.rows("SELECT id FROM auth_user WHERE username = 'lead'")
    site.execute(FILL_DECISIONS, reviewer)
    site.vacuum()
