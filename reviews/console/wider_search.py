"""A search that finds nothing in its own list looks in the others."""

from dataclasses import dataclass
from typing import Any

from django.http import QueryDict

from reviews.console.list_query import ListQuery
from reviews.console.listings import DECIDED, LISTINGS
from reviews.console.places import is_code
from reviews.console.queue import COUNTED, Queue
from reviews.models import APV


@dataclass(frozen=True)
class OtherList:
    """How many another list finds, up to one more than COUNTED, and its address."""

    title: Any
    count: int
    address: str

    @property
    def uncounted(self) -> bool:
        return self.count > COUNTED


@dataclass(frozen=True)
class WiderSearch:
    """The APV whose code is what was searched for, and the other lists that find something."""

    exact: APV | None
    lists: list[OtherList]


def search_wider(queue: Queue, *, sees_decisions: bool) -> WiderSearch:
    """Look beyond the list of `queue`, where that has nothing of the name that is searched for."""
    text = str(queue.asked.filter.chosen.get("search", ""))
    is_found_here = queue.total and not queue.asked.filter.reads_text
    if not text or is_found_here:
        return WiderSearch(None, [])
    others = [one for one in LISTINGS.values() if one is not queue.listing]
    asked = [_search(one, text) for one in others if sees_decisions or one is not DECIDED]
    found = [OtherList(one.listing.tab, _count(one), one.address()) for one in asked]
    return WiderSearch(apv_named(text), [one for one in found if one.count])


def apv_named(text: str) -> APV | None:
    """The APV of exactly this code, written in any case."""
    code = text.strip().upper()
    return APV.objects.filter(apv_code=code).first() if is_code(code) else None


def _search(listing: Any, text: str) -> ListQuery:
    query = QueryDict(mutable=True)
    query.update({"status": listing.name, "search": text})
    if listing.name == "pending":
        del query["status"]
    return ListQuery(listing, query)


def _count(asked: ListQuery) -> int:
    """How many are named so; a text that merely mentions it is not worth another list."""
    if asked.filter.reads_text:
        return 0
    return int(asked.filter.qs.order_by()[: COUNTED + 1].count())
