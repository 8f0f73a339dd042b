"""The lists as the page shows them: rows of one page and the positions they stand at.

A page begins after a row, or ends before one: the database goes to that row by an index, however
far down it stands.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import QueryDict
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from realtime import log
from realtime.messages import Position, wire_time
from realtime.snapshot import snapshot
from reviews import selectors, tally
from reviews.choices import (
    PRIORITY_OF_SEVERITY,
    PatchStrategy,
    Severity,
    Status,
)
from reviews.console.filters import (
    PRIORITY,
    SORTS,
    TEXT,
    Chosen,
    DecisionsFilter,
    ListFilter,
    QueueFilter,
    asked,
)
from reviews.decision_kinds import DecisionKind
from reviews.events import current_stats
from reviews.models import APV, CODE_PATTERN, Decision
from reviews.orders import DECISIONS, QUEUE_SORTS, Order

PAGE = 50
NEAR = 10
"""How many rows the page of an APV has after it at least, if there are as many."""
COUNTED = 1000
"""Longer lists that are narrowed are not counted to their end."""

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
SHORT: dict[str, Any] = {
    PatchStrategy.VERSION_BUMP: pgettext_lazy("strategy", "Bump"),
    PatchStrategy.CODE_REWRITE: pgettext_lazy("strategy", "Rewrite"),
    PatchStrategy.CONFIG_CHANGE: pgettext_lazy("strategy", "Config"),
}
"""Strategies in a word: a row of the list is narrow."""


@dataclass(frozen=True)
class Listing:
    """One of the lists, and its words; `tab` is what its tab says."""

    name: str
    tab: Any
    title: Any
    empty: Any
    hint: Any


PENDING = Listing(
    "pending",
    _("Pending"),
    _("Queue"),
    _("Nothing waits for a decision"),
    _("New APVs appear here when a pipeline adds them."),
)
ESCALATED = Listing(
    "escalated",
    _("Escalated"),
    _("Escalated"),
    _("Nothing is with the leads"),
    _("APVs appear here when a reviewer escalates them."),
)
DECIDED = Listing(
    "decided",
    _("Decided"),
    _("Decided"),
    _("Nothing is decided yet"),
    _("Decisions appear here as they are made."),
)
WITHDRAWN = Listing(
    "withdrawn",
    _("Withdrawn"),
    _("Withdrawn"),
    _("Nothing is withdrawn"),
    _("APVs appear here when all advisories behind them are withdrawn."),
)
LISTINGS = {one.name: one for one in (PENDING, ESCALATED, DECIDED, WITHDRAWN)}


def listing_of(status: str, *, sees_decisions: bool = True) -> Listing:
    """Return the list that an APV of this status is in; the queue if a user may not see it."""
    listing = LISTINGS.get(status, DECIDED)
    return PENDING if listing is DECIDED and not sees_decisions else listing


@dataclass(frozen=True)
class Asked:
    """Which list, narrowed and ordered how, and where its page begins or ends."""

    listing: Listing
    query: QueryDict

    @cached_property
    def filter(self) -> ListFilter:
        kind = DecisionsFilter if self.listing is DECIDED else QueueFilter
        return kind(self.query, entries(self.listing))

    @property
    def sort(self) -> str:
        sort = self.query.get("sort", PRIORITY)
        return sort if sort in SORTS else PRIORITY

    @property
    def order(self) -> Order:
        return DECISIONS if self.listing is DECIDED else QUEUE_SORTS[self.sort]

    @property
    def is_whole_queue(self) -> bool:
        """Whether every pending APV is in this list, in whatever order."""
        return self.listing is PENDING and not self.filter.chosen

    @property
    def is_plain(self) -> bool:
        """Whether this is the pending queue in its own order, whole."""
        return self.is_whole_queue and self.sort == PRIORITY

    @property
    def kept(self) -> str:
        """The query that asks for this list, from its top; it searches on where it does now."""
        query = self.query.copy()
        if self.filter.reads_text:
            query["within"] = TEXT
        return asked(query)

    @property
    def whole(self) -> str:
        """The list that nothing narrows."""
        named = "" if self.listing is PENDING else f"?status={self.listing.name}"
        return reverse("console") + named

    def without(self, *names: str) -> str:
        """The list that these parameters do not narrow."""
        query = self.query.copy()
        for name in names:
            query.pop(name, None)
        return reverse("console") + asked(query)

    @property
    def chosen(self) -> list[tuple[Chosen, str]]:
        """What narrows the list, in words, each with the list that it does not narrow."""
        return [(one, self.without(one.name)) for one in self.filter.chosen_in_words]

    @property
    def in_text(self) -> str:
        """The list that searches titles and descriptions too, where this one reads names alone."""
        query = self.query.copy()
        query["within"] = TEXT
        names_only = self.filter.chosen.get("search") and not self.filter.reads_text
        return reverse("console") + asked(query) if names_only else ""

    def address(self, **place: str) -> str:
        """The page of this list at `after` or `before` a row, or at its top."""
        query = self.kept
        for name, row in place.items():
            query += f"{'&' if query else '?'}{name}={row}"
        return reverse("console") + query


@dataclass(frozen=True)
class Row:
    """An APV as one line of its list, worked out as it is drawn: each row may fail alone."""

    apv: APV
    sort: str = PRIORITY

    @property
    def order(self) -> str:
        """Text that sorts as the list does."""
        return " ".join(_as_text(part) for part in QUEUE_SORTS[self.sort].values(self.apv))

    @property
    def since(self) -> str:
        return wire_time(self.apv.created_at)

    @property
    def waiting(self) -> str:
        return in_words(selectors.hours_waiting(self.apv))

    @property
    def strategy(self) -> Any:
        return SHORT[self.apv.patch_strategy]

    @property
    def confidence(self) -> int | None:
        """The share in percent, or None where it is unknown."""
        known = self.apv.confirmation_confidence
        return None if known is None else round(known * 100)


@dataclass(frozen=True)
class Queue:
    """One page of a list; all of it was read in one snapshot.

    `rows` are decisions in the list of these; `pending`, `escalated` and `withdrawn` count APVs.
    `total` is the length of the list, up to COUNTED where that takes counting; `changes` is the
    number of the last change to any APV.
    """

    asked: Asked
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
        """The address of the page after this one, if there is one."""
        return "" if self.at_end else self.asked.address(after=_name(self.rows[-1]))

    @property
    def back(self) -> str:
        """The address of the top of the list, where this page is another one."""
        return "" if self.at_top else self.asked.address()

    @property
    def first_code(self) -> str:
        """The code of the APV in the first row, or ""."""
        return _code(self.rows[0]) if self.rows else ""


@dataclass(frozen=True)
class Counts:
    """How many a list holds, up to one more than COUNTED, and how many the tabs say."""

    found: int
    pending: int
    escalated: int


def count_queue(asked: Asked) -> Counts:
    """The numbers of a list without its rows."""
    with snapshot():
        pending = current_stats().pending_reviews
        return Counts(_count(asked, pending), pending, entries(ESCALATED).count())


def read_queue(asked: Asked, around: str = "") -> Queue:
    """The page of the list that was asked for; its first one where that place is unknown.

    With the code of an APV that stands further down, the page around it.
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


def read_page(asked: Asked, around: str = "") -> tuple[list[Any], bool, bool]:
    """The rows of a page, whether it is the first one, and whether it is the last one."""
    is_decided = asked.listing is DECIDED
    found = asked.filter.qs.only(*(COLUMNS_OF_DECISIONS if is_decided else COLUMNS))
    if not is_decided:
        found = found.prefetch_related(selectors.withdrawn_advisories())
    place = _place(asked) or _place_around(asked, around)
    ordered = found.order_by(*asked.order.by)
    page = list((ordered if place is None else ordered.filter(place))[: PAGE + 1])
    rows = page[:PAGE] if is_decided else [Row(apv, asked.sort) for apv in page[:PAGE]]
    return rows, place is None, len(page) <= PAGE


def read_rows(ids: Iterable[UUID], asked: Asked) -> list[Row]:
    """Those of the given APVs that the list holds, in its order."""
    if asked.listing is DECIDED:
        return []  # its rows are decisions
    found = asked.filter.qs.filter(pk__in=ids).order_by(*QUEUE_SORTS[asked.sort].by).only(*COLUMNS)
    found = found.prefetch_related(selectors.withdrawn_advisories())
    return [Row(apv, asked.sort) for apv in found]


def entries(listing: Listing) -> Any:
    """Everything in the list, in no order.

    Nothing escalates but a decision, and those are found by an index.
    """
    if listing is DECIDED:
        return Decision.objects.select_related("apv")
    if listing is WITHDRAWN:
        return APV.objects.filter(status=Status.WITHDRAWN)
    if listing is ESCALATED:
        return APV.objects.filter(
            status=Status.ESCALATED, decisions__decision=DecisionKind.ESCALATE
        )
    return APV.objects.pending()


def _count(asked: Asked, pending: int) -> int:
    if asked.is_whole_queue:
        return pending
    return int(asked.filter.qs.order_by()[: COUNTED + 1].count())


# -- Places in a list -------------------------------------------------------------------------


def _place(asked: Asked) -> Any:
    """The condition that a row comes after the one `after` names; None where that is unknown."""
    row = _named_row(asked.listing, asked.query.get("after", ""))
    return None if row is None else asked.order.after(row)


def _named_row(listing: Listing, name: str) -> Any:
    if listing is not DECIDED:
        return APV.objects.filter(apv_code=name).first() if is_code(name) else None
    try:
        return Decision.objects.filter(pk=UUID(name)).first()
    except ValueError:
        return None


def _place_around(asked: Asked, code: str) -> Any:
    """The condition that a row is on the page around this APV; None if that is the first page.

    None, too, where the list does not hold it.
    """
    if not is_code(code):
        return None
    column = "apv__apv_code" if asked.listing is DECIDED else "apv_code"
    found = asked.filter.qs
    row = found.filter(**{column: code}).order_by(*asked.order.by).first()
    if row is None:
        return None
    backwards = found.filter(asked.order.before(row)).order_by(*asked.order.reversed.by)
    if len(backwards[: PAGE - NEAR]) < PAGE - NEAR:
        return None
    return asked.order.after(backwards[PAGE // 2])


def is_code(text: str) -> bool:
    return re.fullmatch(CODE_PATTERN, text) is not None


def _name(row: Any) -> str:
    """What an address calls a row."""
    return str(row.pk) if isinstance(row, Decision) else str(row.apv.apv_code)


def _code(row: Any) -> str:
    return str(row.apv.apv_code)


# -- Rows -------------------------------------------------------------------------------------


def _as_text(part: Any) -> str:
    """A part of a key as text that sorts as the part does."""
    if isinstance(part, datetime):
        return wire_time(part)
    if isinstance(part, UUID):
        return str(part)
    return f"{100 + part:08.3f}"  # from -10 to 0


def in_words(hours: float) -> str:
    """A time of waiting, in its two largest units; times.js says it in the same words."""
    minutes = max(0, int(hours * 60))
    if minutes < 1:
        return "< 1 min"
    if minutes < 60:
        return f"{minutes} min"
    if minutes < 24 * 60:
        return f"{minutes // 60} h {minutes % 60} min"
    return f"{minutes // 1440} d {minutes % 1440 // 60} h"


def orders_of_severities() -> dict[str, str]:
    """How the order of an APV begins that has its severity's own priority."""
    return {severity: _as_text(-PRIORITY_OF_SEVERITY[severity]) for severity in Severity}
