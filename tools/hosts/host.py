"""One of the hosts: a server, its sockets, and decisions through it.

`tools.hosts` starts it, in a network of its own where it can, and talks with it by lines of JSON.
"""

import asyncio
import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

import uvloop

from tests.support.site import Server, Site, environment_of
from tests.support.waiting import pause
from tools.bench.processes import allow_many_files, cpu_seconds, pss_bytes
from tools.bench.systems import MANY
from tools.faults.kinds import nothing
from tools.faults.load import Load, Size
from tools.faults.watcher import Watcher
from tools.faults.world import World

OPENED_PER_SECOND = 150
ASKED_SECONDS = 120.0
"""How long a socket is silent before its watcher asks whether the server is there."""
SETTLE_SECONDS = 600
MORE = {"HITL_WS_MAX_CONNECTIONS": "15000", "HITL_WS_PING_SECONDS": "120"}


@dataclass(frozen=True)
class Orders:
    """What a host is told to be and to do."""

    database_url: str
    variables: dict[str, str]
    position: dict[str, Any]
    sockets: int
    decisions: int
    per_second: float


@dataclass(frozen=True)
class Costs:
    """What the server of a host spent."""

    letting_in_ms: float
    """CPU for each socket, until it was subscribed."""
    kib_per_socket: float
    per_delivery_us: float
    """CPU for each message to a socket, with all else that the server did meanwhile."""
    idle_share: float
    """The share of a core that the server took while nothing happened."""


class GivenSite(Site):
    """A site that is there already."""

    def __init__(self, database_url: str, variables: dict[str, str]) -> None:
        self.database_url = database_url
        self.environment = environment_of(database_url, variables)


class Place(World):
    """A world of one server, which another process has made."""

    def __init__(self, server: Server, position: dict[str, Any]) -> None:
        self.servers, self._position = [server], position

    def position(self) -> dict[str, Any]:
        return self._position


class PatientWatcher(Watcher):
    """A watcher in a large crowd: it waits for its turn to connect, and asks rarely."""

    quiet_seconds = ASKED_SECONDS
    begins_after = 0.0

    async def run(self) -> None:
        """Run for ever; cancel to end."""
        await pause(self.begins_after)
        await super().run()


class HostLoad(Load):
    """Decisions through one host, while what happens to it is done elsewhere."""

    watcher_class = PatientWatcher
    batch = 5
    settle_seconds = SETTLE_SECONDS

    def __init__(self, server: Server, orders: Orders) -> None:
        size = Size(orders.sockets, orders.decisions, orders.per_second, stretch=1)
        super().__init__(Place(server, orders.position), size, [server.origin])
        for number, watcher in enumerate(self.watchers):
            assert isinstance(watcher, PatientWatcher)
            watcher.begins_after = number / OPENED_PER_SECOND
        self._pid = server.process.pid
        self._memory, self._cpu = pss_bytes(self._pid), cpu_seconds(self._pid)
        self.caught_up: float | None = None

    async def connected(self) -> None:
        """Say that all sockets are open, and wait for the others."""
        await pause(2)  # the last ones subscribe
        let_in = cpu_seconds(self._pid) - self._cpu
        memory = pss_bytes(self._pid) - self._memory
        say(opened=len(self.watchers))
        await told()
        before = cpu_seconds(self._pid)
        await pause(3)
        self._idle = (cpu_seconds(self._pid) - before) / 3
        say(rested=True)
        await told()
        self._spent = cpu_seconds(self._pid)
        self._per_socket = (let_in, memory)

    async def _inject(self, fault: Any) -> None:
        """Wait until all is healed, and then until each socket has what committed before."""
        top = (await told())["top"]
        began = time.monotonic()
        behind = self.watchers
        while behind := [one for one in behind if one.last < top]:
            if time.monotonic() - began > SETTLE_SECONDS:
                return
            await pause(0.02)
        self.caught_up = time.monotonic() - began

    def _truth(self) -> list[tuple[int, str]]:
        say(decided=len(self.answered))
        self._spent = cpu_seconds(self._pid) - self._spent
        log = json.loads(sys.stdin.readline())["log"]
        return [(offset, decision_id) for offset, decision_id in log]

    def report(self, truth: list[tuple[int, str]]) -> dict[str, Any]:
        """Return what became of the sockets; `untold` sockets lack events and do not know it."""
        lacking = [one for one in self.watchers if one.last < truth[-1][0]]
        outcome = self._outcome(truth)
        return {
            **asdict(outcome),
            "untold": sum(not one.reloads for one in lacking),
            "answered": self.answered,
            "caught_up": self.caught_up,
            "costs": asdict(self._costs(truth)),
        }

    def _costs(self, truth: list[tuple[int, str]]) -> Costs:
        let_in, memory = self._per_socket
        sockets = len(self.watchers)
        return Costs(
            letting_in_ms=let_in / sockets * 1e3,
            kib_per_socket=memory / sockets / 1024,
            per_delivery_us=self._spent / (2 * sockets * len(truth)) * 1e6,
            idle_share=self._idle,
        )


def say(**words: Any) -> None:
    print(json.dumps(words), flush=True)


async def told() -> dict[str, Any]:
    """Return the next line that `tools.hosts` writes."""
    return dict(json.loads(await asyncio.to_thread(sys.stdin.readline)))


@contextmanager
def serving(orders: Orders) -> Iterator[Server]:
    site = GivenSite(orders.database_url, {**MANY, **MORE, **orders.variables})
    with site.uvicorn(port=0) as server:
        yield server


async def main() -> None:
    allow_many_files()
    orders = Orders(**await told())
    with serving(orders) as server:
        load = HostLoad(server, orders)
        truth = await load.follow(nothing)
        say(report=load.report(truth))


if __name__ == "__main__":
    assert os.environ["HITL_VAR"], "tools.hosts starts this"
    uvloop.run(main())
