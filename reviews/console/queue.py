"""A page of a list, read in one snapshot: its rows, its counts, and its positions.

A page starts after a row, or ends before one. The database finds that row by an index, at any
depth.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from realtime import log
from realtime.messages import Position
from realtime.snapshot import snapshot
from reviews import selectors, tally
from reviews.choices import Status
from reviews.console.list_query import COUNTED, ListQuery
from reviews.console.listings import DECIDED, ESCALATED, Listing, entries
from reviews.console.places import PAGE, place, place_around
from reviews.console.rows import Row
from reviews.events import current_stats
from reviews.models import Decision

COLUMNS = (
    "apv_code",
    "status",
    "priority",
    "severity",
    "cve_id",
    "cvss_score",
    "package_name",
    "package_version",
    "package_ecosystem",
    "fixed_version",
    "patch_strategy",
    "wargame_verdict",
    "confirmation_confidence",
    "created_at",
)
COLUMNS_OF_DECISIONS = (
    "decision",
    "severity",
    "cve_id",
    "patch_strategy",
    "wargame_verdict",
    "reviewer_name",
    "decided_at",
    "apv__apv_code",
    "apv__package_name",
    "apv__package_version",
    "apv__fixed_version",
    "apv__status",
)


@dataclass(frozen=True)
class Queue:
    """One page of a list, read in one snapshot.

    In the list of decisions, `rows` are decisions; `pending`, `escalated` and `withdrawn` count
    APVs. `total` is the length of the list, up to COUNTED if it must be counted; `changes` is the
    number of the last change of any APV.
    """

    asked: ListQuery
    rows: list[Any]
    total: int
    pending: int
    escalated: int
    withdrawn: int
    stats: Any
    positions: dict[str, Position]
    changes: int
    at_top: bool
    at_end: bool

    @property
    def listing(self) -> Listing:
        return self.asked.listing

    @property
    def uncounted(self) -> bool:
        return self.total > COUNTED and not self.asked.is_whole_queue

    @property
    def on(self) -> str:
        """Return the address of the next page, if there is one."""
        return "" if self.at_end else self.asked.address(after=_name(self.rows[-1]))

    @property
    def back(self) -> str:
        """Return the address of the top of the list, if this is another page."""
        return "" if self.at_top else self.asked.address()

    @property
    def first_code(self) -> str:
        """Return the code of the APV in the first row, or ""."""
        return _code(self.rows[0]) if self.rows else ""


@dataclass(frozen=True)
class Counts:
    """The length of a list, up to one more than COUNTED, and the counts of the tabs."""

    found: int
    pending: int
    escalated: int


def count_queue(asked: ListQuery) -> Counts:
    """Return the counts of a list without its rows."""
    with snapshot():
        pending = current_stats().pending_reviews
        return Counts(_count(asked, pending), pending, entries(ESCALATED).count())


def read_queue(asked: ListQuery, around: str = "") -> Queue:
    """Return the requested page of a list; its first one if the place is unknown.

    With the code of an APV on a later page, return the page around it.
    """
    with snapshot():
        rows, at_top, at_end = read_page(asked, around)
        stats = current_stats()
        escalated = entries(ESCALATED).count()
        withdrawn = tally.apvs_in(Status.WITHDRAWN)
        whole = at_top and at_end
        total = len(rows) if whole else _count(asked, stats.pending_reviews)
        positions = log.positions()
        changes = selectors.last_change_of_apvs()
    return Queue(
        asked=asked,
        rows=rows,
        total=total,
        pending=stats.pending_reviews,
        escalated=escalated,
        withdrawn=withdrawn,
        stats=stats,
        positions=positions,
        changes=changes,
        at_top=at_top,
        at_end=at_end,
    )


def read_page(asked: ListQuery, around: str = "") -> tuple[list[Any], bool, bool]:
    """Return the rows of a page, whether it is the first, and whether it is the last."""
    is_decided = asked.listing is DECIDED
    every = asked.filter.qs
    found = every.only(*COLUMNS_OF_DECISIONS) if is_decided else _apvs(every)
    at = place(asked) or place_around(asked, around)
    ordered = found.order_by(*asked.order.by)
    page = list((ordered if at is None else ordered.filter(at))[: PAGE + 1])
    rows = page[:PAGE] if is_decided else [Row(apv, asked.sort) for apv in page[:PAGE]]
    return rows, at is None, len(page) <= PAGE


def read_rows(ids: Iterable[UUID], asked: ListQuery) -> list[Row]:
    """Return those of the given APVs that the list has, in its order."""
    if asked.listing is DECIDED:
        return []  # its rows are decisions
    found = _apvs(asked.filter.qs.filter(pk__in=ids)).order_by(*asked.order.by)
    return [Row(apv, asked.sort) for apv in found]


def _apvs(rows: Any) -> Any:
    """Return APVs with what a row shows of them, and no more."""
    return rows.only(*COLUMNS).prefetch_related(selectors.withdrawn_advisories())


def _count(asked: ListQuery, pending: int) -> int:
    return pending if asked.is_whole_queue else asked.count()


def _name(row: Any) -> str:
    """Return the name of a row in addresses."""
    return str(row.pk) if isinstance(row, Decision) else str(row.apv.apv_code)


def _code(row: Any) -> str:
    return str(row.apv.apv_code)
