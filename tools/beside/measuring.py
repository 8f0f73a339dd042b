"""What a page costs a server and what it brings, measured of several servers in turn."""

import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass

import httpx

from tools.pages import cpu_seconds

Pages = dict[str, str]
"""The addresses of pages, by what they show; each system has the same names."""


@dataclass(frozen=True)
class System:
    """A served application: its process, a client that is signed in there, and its pages."""

    name: str
    pid: int
    client: httpx.Client
    pages: Pages
    row: str
    """What the HTML of a page has once for each row of the list."""


@dataclass(frozen=True)
class Answer:
    """What an answer cost, in milliseconds, and what it brought."""

    cpu: float
    wall: float
    rows: int
    sent: int
    """Bytes of the body as they were transferred."""
    size: int
    """Bytes of the body unpacked."""

    def __str__(self) -> str:
        return f"{self.cpu:.1f} ms CPU, {self.wall:.1f} ms, {self.rows} rows, {self.sent:,} bytes"


def request(system: System, page: str) -> Answer:
    cpu, began = cpu_seconds(system.pid), time.perf_counter()
    answer = system.client.get(system.pages[page])
    wall, cpu = time.perf_counter() - began, cpu_seconds(system.pid) - cpu
    assert answer.status_code == 200, answer.text
    rows = answer.text.count(system.row)
    return Answer(cpu * 1e3, wall * 1e3, rows, answer.num_bytes_downloaded, len(answer.content))


def in_turn(systems: Sequence[System], page: str, times: int) -> list[Answer]:
    """Request a page of each system in turn; return the medians of each."""
    for system in systems:
        request(system, page)  # connects, and fills caches
    answers = [[request(system, page) for system in systems] for _ in range(times)]
    return [middle(of_one) for of_one in zip(*answers, strict=True)]


def middle(answers: Sequence[Answer]) -> Answer:
    """Return the median of each figure."""
    return Answer(
        cpu=statistics.median(one.cpu for one in answers),
        wall=statistics.median(one.wall for one in answers),
        rows=statistics.median_low([one.rows for one in answers]),
        sent=statistics.median_low([one.sent for one in answers]),
        size=statistics.median_low([one.size for one in answers]),
    )
