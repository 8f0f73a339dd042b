"""The lists as the page shows them: rows of one page and the positions they stand at."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.urls import reverse

from realtime import history
from realtime.messages import Position, wire_time
from reviews import selectors
from reviews.choices import Status, Verb
from reviews.models import APV, Decision

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
COLUMNS_OF_DECISIONS = (
    "decision",
    "severity",
    "cve_id",
    "reviewer_name",
    "decided_at",
    "apv__apv_code",
    "apv__package_name",
    "apv__package_version",
    "apv__fixed_version",
)


@dataclass(frozen=True)
class Listing:
    """One of the lists, and its words."""

    name: str
    title: str
    about: str
    empty: str
    hint: str
    back: str = "← More urgent"
    on: str = "Less urgent →"

    def address(self, skip: int = 0) -> str:
        """The page that shows this list from row `skip` on."""
        return reverse("console") + self.query(skip)

    def query(self, skip: int = 0) -> str:
        given = {"status": self.name if self is not PENDING else "", "skip": skip}
        asked = urlencode({name: value for name, value in given.items() if value})
        return f"?{asked}" if asked else ""


PENDING = Listing(
    "pending",
    "Queue",
    "Patches that wait for a decision, most urgent first.",
    "Nothing waits for a decision",
    "New APVs appear here when a pipeline adds them.",
)
ESCALATED = Listing(
    "escalated",
    "Escalated",
    "Patches handed to the leads, most urgent first.",
    "Nothing is with the leads",
    "APVs appear here when a reviewer escalates them.",
)
DECIDED = Listing(
    "decided",
    "Decided",
    "What was decided, newest first.",
    "Nothing is decided yet",
    "Decisions appear here as they are made.",
    "← Newer",
    "Older →",
)
LISTINGS = {one.name: one for one in (PENDING, ESCALATED, DECIDED)}


def listing_of(status: str) -> Listing:
    """The list that an APV of this status stands in."""
    return LISTINGS.get(status, DECIDED)


@dataclass(frozen=True)
class Row:
    """An APV as one line of its list; `order` sorts as text into queue order."""

    apv: APV
    order: str
    since: str
    waiting: str
    confidence: int | None


@dataclass(frozen=True)
class Queue:
    """One page of a list, from row `skip` on; all of it was read in one snapshot.

    `rows` are decisions in the list of these; `pending` and `escalated` count APVs.
    """

    listing: Listing
    rows: list[Row] | list[Decision]
    total: int
    skip: int
    pending: int
    escalated: int
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
    def query(self) -> str:
        return self.listing.query(self.skip)

    @property
    def back(self) -> str:
        """The address of the page before this one, if there is one."""
        return self.listing.address(max(0, self.skip - PAGE)) if self.skip else ""

    @property
    def on(self) -> str:
        """The address of the page after this one, if there is one."""
        return self.listing.address(self.skip + PAGE) if self.last < self.total else ""


def read_queue(listing: Listing, skip: int) -> Queue:
    """The page of the list at `skip`, or the last one when the list ends before it."""
    found = _entries(listing)
    with selectors.snapshot():
        total = found.count()
        skip = min(skip, max(0, total - 1) // PAGE * PAGE)
        page = list(found[skip : skip + PAGE])
        stats = selectors.stats_message()
        escalated = total if listing is ESCALATED else _escalated().count()
        positions = history.positions()
    return Queue(
        listing=listing,
        rows=page if listing is DECIDED else [row(apv) for apv in page],
        total=total,
        skip=skip,
        pending=stats.pending_reviews,
        escalated=escalated,
        stats=stats,
        positions=positions,
    )


def _entries(listing: Listing) -> Any:
    """Everything in the list, in its order."""
    if listing is DECIDED:
        decisions = Decision.objects.select_related("apv").only(*COLUMNS_OF_DECISIONS)
        return decisions.order_by("-decided_at", "-decision_id")
    apvs = _escalated() if listing is ESCALATED else APV.objects.pending()
    return apvs.in_queue_order().only(*COLUMNS)


def _escalated() -> Any:
    """Nothing escalates but a decision, and those are found by an index."""
    return APV.objects.filter(status=Status.ESCALATED, decisions__decision=Verb.ESCALATE)


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
