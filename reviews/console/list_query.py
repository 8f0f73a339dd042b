"""The list that an address describes: its filters, its order, and the place of its page."""

import json
from dataclasses import dataclass
from typing import Any

from django.http import QueryDict
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import get_language, pgettext_lazy

from reviews.console.access import Request, require_decisions
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
from reviews.console.folds import DEEPEST, FOLDS, Fold, Group
from reviews.console.listings import LISTINGS, PENDING, Listing, entries
from reviews.orders import DECISIONS, QUEUE_SORTS, Order
from reviews.selectors import ecosystem_choices

UNFOLDED = pgettext_lazy("fold", "None")
COUNTED = 1000
"""Longer lists that are narrowed are not counted to their end."""


def query_for(listing: Listing, **parameters: Any) -> QueryDict:
    """Return the query of a list with these parameters; the queue is the list without a name."""
    query = QueryDict(mutable=True)
    _name(query, listing)
    query.update(parameters)
    return query


def _name(query: QueryDict, listing: Listing) -> None:
    if listing is PENDING:
        query.pop("status", None)
    else:
        query["status"] = listing.name


@dataclass(frozen=True)
class ListQuery:
    """A list, its filters and order, and the place where its page starts or ends."""

    listing: Listing
    query: QueryDict
    user: Any = None
    """Who asks, for filters that say "me"."""
    of_apv: bool = False
    """Whether the values are those of an APV, so that nothing needs to look for one with them."""

    @cached_property
    def filter(self) -> ListFilter:
        kind = DecisionsFilter if self.listing.of_decisions else QueueFilter
        return kind(self.query, entries(self.listing), self.user, of_apv=self.of_apv)

    def count(self) -> int:
        """Return the length of the list, up to one more than COUNTED."""
        return int(self.filter.qs.order_by()[: COUNTED + 1].count())

    @property
    def sort(self) -> str:
        sort = self.query.get("sort", PRIORITY)
        return sort if sort in SORTS else PRIORITY

    @property
    def order(self) -> Order:
        return DECISIONS if self.listing.of_decisions else QUEUE_SORTS[self.sort]

    @property
    def is_whole_queue(self) -> bool:
        """Return whether this list has every pending APV, in any order."""
        return self.listing is PENDING and not self.filter.chosen

    @property
    def is_plain(self) -> bool:
        """Return whether this is the whole pending queue in its own order."""
        return self.is_whole_queue and self.sort == PRIORITY and not self.fold

    @property
    def fold(self) -> Fold | None:
        """Return how the list is folded; only lists of APVs are."""
        return None if self.listing.of_decisions else FOLDS.get(self.query.get("fold", ""))

    @property
    def page(self) -> int:
        """Return the number of the page of a folded list, from 1."""
        text = self.query.get("page", "")
        number = int(text[:6]) if text.isascii() and text.isdecimal() else 1
        return min(max(number, 1), DEEPEST)

    def of_group(self, group: Group) -> str:
        """Return the address of the list of a group's rows."""
        query = self.query.copy()
        query.pop("fold", None)
        for name, value in group.asks.items():
            query[name] = value
        return reverse("console") + asked(query)

    @property
    def unfolded(self) -> str:
        """Return the address of the list of rows."""
        return self.without("fold")

    @property
    def folds(self) -> list[tuple[str, Any]]:
        """Return the ways to fold this list, by name, and their labels."""
        return [("", UNFOLDED), *((one.name, one.label) for one in FOLDS.values())]

    @property
    def kept(self) -> str:
        """Return the query of this list, from its top; its search covers the same fields."""
        query = self.query.copy()
        if self.filter.reads_text:
            query["within"] = TEXT
        return asked(query)

    @property
    def whole(self) -> str:
        """Return the list without filters."""
        return reverse("console") + asked(query_for(self.listing))

    @property
    def form_key(self) -> str:
        """Return a text that is the same for lists with the same form of filters."""
        offered = [name for name, _label in ecosystem_choices()]
        return json.dumps([get_language(), self.listing.name, self.kept, offered])

    def without(self, *names: str) -> str:
        """Return the list without these filters."""
        query = self.query.copy()
        for name in names:
            query.pop(name, None)
        return reverse("console") + asked(query)

    @property
    def chosen(self) -> list[tuple[Chosen, str]]:
        """Return the filters in words, each with the list that lacks it."""
        return [(one, self.without(one.name)) for one in self.filter.chosen_in_words]

    @property
    def in_text(self) -> str:
        """Return the list that searches titles and descriptions too, where this one does not."""
        query = self.query.copy()
        query["within"] = TEXT
        names_only = self.filter.searched and not self.filter.reads_text
        return reverse("console") + asked(query) if names_only else ""

    def address(self, **place: str) -> str:
        """Return the address of this list's page at `after` or `before` a row, or at its top."""
        query = self.kept
        for name, row in place.items():
            query += f"{'&' if query else '?'}{name}={row}"
        return reverse("console") + query


def asked_of(request: Request, default: Listing = PENDING) -> ListQuery:
    """Return the list of an address; raise PermissionDenied if the user may not see it."""
    listing = LISTINGS.get(request.GET.get("status", ""), default)
    if listing.of_decisions:
        require_decisions(request)
    query = request.GET.copy()
    _name(query, listing)
    return ListQuery(listing, query, request.user)


def path_beside(request: Request) -> str:
    """Return the address of the APV that is open next to a list, or of the queue."""
    try:
        path = (request.htmx.current_url_abs_path or "").partition("?")[0]
    except ValueError:  # the header has no address
        path = ""
    return path if path.startswith("/apvs/") else reverse("console")


def kept_of(request: Request) -> str:
    """Return the query of the list next to which an APV is open."""
    return asked(request.GET)
