"""A page of a list, read in one snapshot: its rows, its counts, and its positions.

A page starts after a row, or ends before one. The database finds that row by an index, at any
depth.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from uuid import UUID

from realtime import log
from realtime.messages import Position
from realtime.snapshot import snapshot
from reviews import selectors, tally
from reviews.choices import Status
from reviews.console.folds import read_groups
from reviews.console.list_query import COUNTED, ListQuery
from reviews.console.listings import ATTENTION, ESCALATED, Listing, entries
from reviews.console.places import PAGE, place, place_around
from reviews.console.rows import DecisionRow, GroupRow, Row
from reviews.deadlines.attention import overdue
from reviews.effects.attention import needing_attention
from reviews.events import current_stats
from reviews.models import APV, PolicyVersion
from reviews.policies import staffing

COLUMNS = (
    "apv_code",
    "version",
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
    "approvals",
    "approvals_needed",
)
COLUMNS_OF_TEAM = (
    *("claim__expires_at", "claim__user__username"),
    *("claim__user__first_name", "claim__user__last_name"),
    *("assignment__user__username", "assignment__group__name"),
    *("assignment__user__first_name", "assignment__user__last_name"),
)
COLUMNS_OF_DEADLINE = ("due_at", "deadline__warn_at", "deadline__rule__name")
COLUMNS_OF_DECISIONS = (
    "decision",
    "severity",
    "cve_id",
    "patch_strategy",
    "wargame_verdict",
    "reviewer_name",
    "decided_at",
    "revision",
    "apv__apv_code",
    "apv__package_name",
    "apv__package_version",
    "apv__fixed_version",
    "apv__status",
    "apv__pr_number",
    "effect__kind",
    "effect__state",
    "effect__answer",
    "effect__merged_commit",
    "effect__due_at",
)


@dataclass(frozen=True)
class Queue:
    """One page of a list, read in one snapshot.

    `pending`, `escalated` and `withdrawn` count APVs, `attention` counts decisions and overdue
    APVs. `total` is the
    length of the list, up to COUNTED if it must be counted; `changes` is the number of the last
    change of any APV.
    """

    asked: ListQuery
    rows: list[Any]
    total: int
    pending: int
    escalated: int
    attention: int
    withdrawn: int
    stats: Any
    positions: dict[str, Position]
    changes: int
    at_top: bool
    at_end: bool

    @property
    def listing(self) -> Listing:
        return self.asked.listing

    @cached_property
    def lacking_policies(self) -> list[tuple[PolicyVersion, list[str]]]:
        """Return the policies that need attention, with the reasons, on the list that shows it."""
        return staffing.unsatisfiable() if self.listing is ATTENTION else []

    @property
    def uncounted(self) -> bool:
        return self.total > COUNTED and not self.asked.is_whole_queue

    @property
    def on(self) -> str:
        """Return the address of the next page, if there is one."""
        if self.asked.fold and not self.at_end:
            return self.asked.address(page=str(self.asked.page + 1))
        return "" if self.at_end else self.asked.address(after=_name(self.rows[-1]))

    @property
    def back(self) -> str:
        """Return the address of the top of the list, if this is another page."""
        return "" if self.at_top else self.asked.address()

    @property
    def first_code(self) -> str:
        """Return the code of the APV in the first row, or ""."""
        return _code(self.rows[0]) if self.rows and not self.asked.fold else ""


@dataclass(frozen=True)
class Counts:
    """The length of a list, up to one more than COUNTED, and the counts of the tabs."""

    found: int
    pending: int
    escalated: int
    attention: int


def count_queue(asked: ListQuery, *, sees_decisions: bool) -> Counts:
    """Return the counts of a list without its rows."""
    with snapshot():
        pending = current_stats().pending_reviews
        found, escalated = _count(asked, pending), entries(ESCALATED).count()
        return Counts(found, pending, escalated, _attention(sees_decisions))


def read_queue(asked: ListQuery, around: str = "", *, sees_decisions: bool) -> Queue:
    """Return the requested page of a list; its first one if the place is unknown.

    With the code of an APV on a later page, return the page around it.
    """
    with snapshot():
        rows, at_top, at_end = read_page(asked, around)
        stats = current_stats()
        escalated = entries(ESCALATED).count()
        attention = _attention(sees_decisions)
        withdrawn = tally.apvs_in(Status.WITHDRAWN)
        whole = at_top and at_end and not asked.fold
        total = len(rows) if whole else _count(asked, stats.pending_reviews)
        positions = log.positions()
        changes = selectors.last_change_of_apvs()
    return Queue(
        asked=asked,
        rows=rows,
        total=total,
        pending=stats.pending_reviews,
        escalated=escalated,
        attention=attention,
        withdrawn=withdrawn,
        stats=stats,
        positions=positions,
        changes=changes,
        at_top=at_top,
        at_end=at_end,
    )


def read_page(asked: ListQuery, around: str = "") -> tuple[list[Any], bool, bool]:
    """Return the rows of a page, whether it is the first, and whether it is the last."""
    if asked.fold:
        folded = read_groups(asked.filter.qs, asked.fold, asked.page)
        groups = [GroupRow(one, asked.of_group(one)) for one in folded.groups]
        return groups, asked.page == 1, folded.is_last
    at = place(asked) or place_around(asked, around)
    every = asked.filter.qs if at is None else asked.filter.qs.filter(at)
    first = every.order_by(*asked.order.by)[: PAGE + 1]
    page = list(_decisions(first)) if asked.listing.of_decisions else _apvs_of(first)
    return _rows(page[:PAGE], asked), at is None, len(page) <= PAGE


def read_rows(ids: Iterable[UUID], asked: ListQuery) -> list[Any]:
    """Return those of the given APVs or decisions that the list has, in its order."""
    every = asked.filter.qs.filter(pk__in=ids)
    found = _decisions(every) if asked.listing.of_decisions else _apvs(every)
    return _rows(found.order_by(*asked.order.by), asked)


def _rows(found: Iterable[Any], asked: ListQuery) -> list[Any]:
    """Return APVs or decisions as rows."""
    if asked.listing.of_decisions:
        return [DecisionRow(decision) for decision in found]
    return [Row(apv, asked.sort) for apv in found]


def _decisions(rows: Any) -> Any:
    """Return decisions with what a row shows of them, and no more."""
    return rows.select_related("apv", "effect").only(*COLUMNS_OF_DECISIONS)


def _apvs(rows: Any) -> Any:
    """Return APVs with what a row shows of them, and no more."""
    beside = ("claim__user", "assignment__user", "assignment__group", "deadline__rule")
    columns = (*COLUMNS, *COLUMNS_OF_TEAM, *COLUMNS_OF_DEADLINE)
    return (
        rows.select_related(*beside)
        .only(*columns)
        .prefetch_related(selectors.withdrawn_advisories())
    )


def _apvs_of(page: Any) -> list[APV]:
    """Return the APVs of a page; first their ids, which an index alone finds by most filters."""
    ids = list(page.values_list("pk", flat=True))
    found = {apv.pk: apv for apv in _apvs(APV.objects.filter(pk__in=ids))}
    return [found[pk] for pk in ids]


def _attention(sees_decisions: bool) -> int:
    """Return how much needs a person: decisions, APVs after their deadline, and policies."""
    if not sees_decisions:
        return 0
    return needing_attention().count() + overdue().count() + len(staffing.unsatisfiable())


def _count(asked: ListQuery, pending: int) -> int:
    return pending if asked.is_whole_queue else asked.count()


def _name(row: Any) -> str:
    """Return the name of a row in addresses."""
    return str(row.pk) if isinstance(row, DecisionRow) else str(row.apv.apv_code)


def _code(row: Any) -> str:
    return str(row.apv.apv_code)
