"""The pending queue as the page shows it: rows of one page and the positions they stand at."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from realtime import history
from realtime.messages import Position, wire_time
from reviews import selectors
from reviews.models import APV

PAGE = 50
COLUMNS = (
    "apv_code",
    "status",
    "priority",
    "severity",
    "cve_id",
    "package_name",
    "package_version",
    "package_ecosystem",
    "fixed_version",
    "patch_strategy",
    "wargame_verdict",
    "confirmation_confidence",
    "created_at",
)


@dataclass(frozen=True)
class Row:
    """An APV as one line of the queue; `order` sorts as text into queue order."""

    apv: APV
    order: str
    since: str
    waiting: str
    confidence: int | None


@dataclass(frozen=True)
class Queue:
    """One page of the queue, from row `skip` on; all of it was read in one snapshot."""

    rows: list[Row]
    total: int
    skip: int
    stats: Any
    positions: dict[str, Position]

    @property
    def first(self) -> int:
        return self.skip + 1

    @property
    def last(self) -> int:
        return self.skip + len(self.rows)

    @property
    def paged(self) -> bool:
        return self.total > PAGE

    @property
    def newer(self) -> int | None:
        """Where the page before this one begins."""
        return max(0, self.skip - PAGE) if self.skip else None

    @property
    def older(self) -> int | None:
        """Where the page after this one begins."""
        return self.skip + PAGE if self.last < self.total else None


def read_queue(skip: int) -> Queue:
    """The page of the queue at `skip`, or the last one when the queue ends before it."""
    pending = APV.objects.pending()
    with selectors.snapshot():
        total = pending.count()
        skip = min(skip, max(0, total - 1) // PAGE * PAGE)
        apvs = list(pending.in_queue_order().only(*COLUMNS)[skip : skip + PAGE])
        stats = selectors.stats_message()
        positions = history.positions()
    return Queue([row(apv) for apv in apvs], total, skip, stats, positions)


def read_rows(ids: Iterable[UUID]) -> list[Row]:
    """Those of the given APVs that are pending, in queue order."""
    return [
        row(apv) for apv in APV.objects.pending().filter(pk__in=ids).in_queue_order().only(*COLUMNS)
    ]


def row(apv: APV) -> Row:
    since = wire_time(apv.created_at)
    confidence = apv.confirmation_confidence
    return Row(
        apv=apv,
        order=f"{10 - (apv.priority or 0):02d} {since} {apv.apv_id}",
        since=since,
        waiting=in_words(selectors.hours_waiting(apv)),
        confidence=None if confidence is None else round(confidence * 100),
    )


def in_words(hours: float) -> str:
    """A time of waiting, in its two largest units; queue.js says it in the same words."""
    minutes = max(0, int(hours * 60))
    if minutes < 1:
        return "< 1 min"
    if minutes < 60:
        return f"{minutes} min"
    if minutes < 24 * 60:
        return f"{minutes // 60} h {minutes % 60} min"
    return f"{minutes // 1440} d {minutes % 1440 // 60} h"
