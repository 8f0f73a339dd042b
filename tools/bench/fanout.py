"""Measure how long a decision takes to reach everybody, and the cost of a delivery."""

import asyncio
import statistics
import time
from dataclasses import dataclass

from tools.bench.processes import cpu_seconds, pss_bytes
from tools.bench.systems import System

WARM_UP = 3
APART_SECONDS = 0.3
"""How far apart decisions are made, as people do: each then has its own message of the stats."""


@dataclass(frozen=True)
class Fanout:
    """One measurement of one system."""

    sockets: int
    decisions: int
    deliveries: int
    cpu: float
    """Seconds of the server's CPU, for all of the decisions."""
    latencies: list[float]
    """Seconds from sending a decision to its arrival at the last socket, for each."""
    pss_per_socket: float
    """Bytes of memory that a socket added."""
    sockets_per_second: float
    """How many were opened, acknowledged and subscribed in a second."""
    lost: int
    closed: int

    @property
    def cpu_per_delivery(self) -> float:
        """Return the figure in microseconds."""
        return self.cpu / max(1, self.deliveries) * 1e6

    @property
    def p50(self) -> float:
        """Return the figure in milliseconds."""
        return statistics.median(self.latencies) * 1e3


async def fan_out(system: System, sockets: int, decisions: int) -> Fanout:
    """Open `sockets` and make `decisions` one after another; each is sent in two messages."""
    await system.prepare(decisions + WARM_UP)
    crowd = system.crowd()
    memory = pss_bytes(system.pid)
    seconds = await crowd.open(sockets)
    memory = pss_bytes(system.pid) - memory
    latencies: list[float] = []
    lost = 0
    try:
        for number in range(decisions + WARM_UP):
            if number == WARM_UP:
                cpu, received = cpu_seconds(system.pid), crowd.received
            told, received_before = crowd.count(system.kind), crowd.received
            began = time.perf_counter()
            await system.decide()
            arrived = await crowd.hears(system.kind, told + sockets)
            latencies.append(time.perf_counter() - began)
            lost += 0 if arrived else told + sockets - crowd.count(system.kind)
            await crowd.receives(received_before + 2 * sockets)
            await asyncio.sleep(began + APART_SECONDS - time.perf_counter())
        cpu, received = cpu_seconds(system.pid) - cpu, crowd.received - received
        closed = crowd.closed
    finally:
        crowd.close()
        await system.finish()
    return Fanout(
        sockets=sockets,
        decisions=decisions,
        deliveries=received,
        cpu=cpu,
        latencies=latencies[WARM_UP:],
        pss_per_socket=memory / sockets,
        sockets_per_second=sockets / seconds,
        lost=lost,
        closed=closed,
    )
