"""Three hosts under load, of which one is cut off and another one slow, and how it ended."""

import asyncio
import json
import signal
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

from tests.support.clocks import clock_wrong_by
from tests.support.debian_program import NoProgram
from tests.support.redis_server import RedisServer
from tests.support.site import ROOT, Site
from tests.support.waiting import pause
from tools.faults.world import log_of, position_of
from tools.hosts.host import Orders
from tools.hosts.networks import Network

CLOCKS = (0, 4, -3)
"""By how many minutes the clock of each host is wrong."""
CUT, SLOW = 1, 2
"""Which host is cut off, and which one is slow."""
SLOW_SECONDS = 0.15
"""How long each piece of data takes to the slow host, and back."""
END_SECONDS = 30
LINE_LIMIT = 2**26
"""Bytes of the longest line that a host may say."""


@dataclass(frozen=True)
class Plan:
    """How large a run is."""

    sockets: int
    seconds: float
    per_second: float
    cut_seconds: float

    @property
    def decisions(self) -> int:
        """Return how many decisions each host takes."""
        return max(1, round(self.seconds * self.per_second / len(CLOCKS)))


@dataclass(frozen=True)
class Result:
    """How a run ended."""

    hosts: list[dict[str, Any]]
    """What each host reported."""
    events: int
    untold: int
    """Decisions with an answer 200 that did not make exactly one event, or the other way round."""
    at_rest: "Work"
    """In a second, for each host, while nothing happened."""
    of_event: "Work"
    """Beyond that, for each APV that was added and decided on."""
    clocks: tuple[int, ...]

    @property
    def clean(self) -> bool:
        counts = ("lost", "doubled", "out_of_order", "untold")
        late = [one for one in self.hosts if one["caught_up"] is None]
        return not (self.untold or late or any(one[name] for one in self.hosts for name in counts))


class Work(NamedTuple):
    """How many transactions PostgreSQL did, and commands Valkey."""

    transactions: float
    commands: float

    def since(self, before: "Work") -> "Work":
        """Return how many were done after `before`."""
        return Work(self.transactions - before.transactions, self.commands - before.commands)

    def times(self, factor: float) -> "Work":
        """Return so many times as many."""
        return Work(self.transactions * factor, self.commands * factor)


class Host:
    """A process of `tools.hosts.host`."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @classmethod
    async def started(cls, within: list[str], orders: Orders) -> "Host":
        command = [*within, sys.executable, "-m", "tools.hosts.host"]
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(
            *command, cwd=ROOT, stdin=pipe, stdout=pipe, limit=LINE_LIMIT
        )
        host = cls(process)
        host.tell(**asdict(orders))
        return host

    def tell(self, **words: Any) -> None:
        assert self._process.stdin
        self._process.stdin.write(json.dumps(words).encode() + b"\n")

    async def hears(self, name: str) -> Any:
        """Return the next thing that the host says, which has this name."""
        assert self._process.stdout
        line = await self._process.stdout.readline()
        assert line, "a host has ended"
        return json.loads(line)[name]

    async def end(self) -> None:
        """Wait until the host has stopped its server; interrupt it if it does something else."""
        assert self._process.stdin
        self._process.stdin.close()
        try:
            async with asyncio.timeout(END_SECONDS):
                await self._process.wait()
        except TimeoutError:
            self._process.send_signal(signal.SIGINT)
            await self._process.wait()


class Installation:
    """A database and a Valkey for all hosts."""

    def __init__(self) -> None:
        self.redis = RedisServer()
        self.site = Site(f"hosts-{uuid4().hex[:8]}", REDIS_URL=self.redis.url)
        folder = parse_qs(urlsplit(self.site.database_url).query)["host"][0]
        self.postgres = f"{folder}/.s.PGSQL.5432"

    def url(self, network: Network, host: int) -> str:
        port = network.lines[host][0].port
        return f"postgresql://postgres:@{network.address}:{port}/{self.site.name}"

    def redis_url(self, network: Network, host: int) -> str:
        return f"redis://{network.address}:{network.lines[host][1].port}"

    def work(self) -> Work:
        """Return what both servers have done."""
        sql = "SELECT sum(xact_commit + xact_rollback)::int FROM pg_stat_database WHERE datname=%s"
        [(transactions,)] = self.site.rows(sql, self.site.name)
        with self.redis.client() as client:
            return Work(transactions, client.info("stats")["total_commands_processed"])

    def close(self) -> None:
        self.site.close()
        self.redis.remove()


async def run(plan: Plan, network: Network) -> Result:
    """Run the hosts through the fault."""
    installation = await asyncio.to_thread(Installation)
    try:
        sockets = installation.postgres, str(installation.redis.socket)
        async with network.opened(len(CLOCKS), *sockets):
            return await _run(plan, network, installation)
    finally:
        await asyncio.to_thread(installation.close)


async def _run(plan: Plan, network: Network, installation: Installation) -> Result:
    clocks, start = list(_clocks()), position_of(installation.site)
    hosts = []
    try:
        for number, (_, clock) in enumerate(clocks):
            orders = _orders(plan, network, installation, number, clock, start)
            hosts.append(await Host.started(network.within(number), orders))
        at_rest = await _rest(hosts, installation)
        began, before = time.monotonic(), installation.work()
        await _break(plan, network, hosts, installation)
        answers = [await host.hears("decided") for host in hosts]
        print(f"  {sum(answers)} decisions were answered", flush=True)
        log = log_of(installation.site, start["offset"])
        resting = at_rest.times(len(hosts) * (time.monotonic() - began))
        of_event = installation.work().since(before).since(resting).times(1 / len(log))
        for host in hosts:
            host.tell(log=log)
        reports = [await host.hears("report") for host in hosts]
    finally:
        for host in hosts:
            await host.end()
    ids = [decision_id for _, decision_id in log]
    answered = {one for report in reports for one in report.pop("answered")}
    untold = len(set(ids) ^ answered) + len(ids) - len(set(ids))
    wrong = tuple(minutes for minutes, _ in clocks)
    return Result(reports, len(ids), untold, at_rest, of_event, wrong)


def _orders(
    plan: Plan,
    network: Network,
    installation: Installation,
    host: int,
    clock: dict[str, str],
    start: dict[str, Any],
) -> Orders:
    variables = {"REDIS_URL": installation.redis_url(network, host), **clock}
    return Orders(
        database_url=installation.url(network, host),
        variables=variables,
        position=start,
        sockets=plan.sockets // len(CLOCKS),
        decisions=plan.decisions,
        per_second=plan.per_second / len(CLOCKS),
    )


def _clocks() -> Iterator[tuple[int, dict[str, str]]]:
    """Yield by how many minutes a host's clock is wrong, and the variables that make it so."""
    try:
        for minutes in CLOCKS:
            yield minutes, clock_wrong_by(minutes) if minutes else {}
    except NoProgram as error:
        print(f"All clocks are right: {error}", flush=True)
        yield from ((0, {}) for _ in CLOCKS[1:])


async def _rest(hosts: list[Host], installation: Installation) -> Work:
    """Wait until all sockets are open, and return what the servers do while nothing happens."""
    for number, host in enumerate(hosts):
        opened = await host.hears("opened")
        print(f"  host {number + 1}: {opened:,} sockets are open", flush=True)
    began, before = time.monotonic(), installation.work()
    for host in hosts:
        host.tell(rest=True)
    for host in hosts:
        await host.hears("rested")
    share = 1 / (time.monotonic() - began) / len(hosts)
    return installation.work().since(before).times(share)


async def _break(
    plan: Plan, network: Network, hosts: list[Host], installation: Installation
) -> None:
    """Cut one host off and slow another one, in the middle of the load, and heal both."""
    for host in hosts:
        host.tell(begin=True)
    await pause((plan.seconds - plan.cut_seconds) / 2)
    print(f"  host {CUT + 1} is cut off for {plan.cut_seconds:.0f} s, host {SLOW + 1} slow")
    network.cut(CUT, True)
    network.slow(SLOW, SLOW_SECONDS)
    await pause(plan.cut_seconds)
    network.cut(CUT, False)
    network.slow(SLOW, 0)
    print("  both are healed", flush=True)
    top = position_of(installation.site)["offset"]
    for host in hosts:
        host.tell(top=top)
