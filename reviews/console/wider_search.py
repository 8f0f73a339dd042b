"""Search the other lists if a search finds nothing in its own."""

from dataclasses import dataclass
from typing import Any

from reviews.console.list_query import COUNTED, ListQuery, query_for
from reviews.console.listings import LISTINGS, Listing
from reviews.console.places import is_code
from reviews.console.queue import Queue
from reviews.models import APV


@dataclass(frozen=True)
class OtherList:
    """The number of matches in another list, up to one more than COUNTED, and its address."""

    title: Any
    count: int
    address: str

    @property
    def uncounted(self) -> bool:
        return self.count > COUNTED


@dataclass(frozen=True)
class WiderSearch:
    """The APV with the searched code, and the other lists with matches."""

    exact: APV | None
    lists: list[OtherList]


def search_wider(queue: Queue, *, sees_decisions: bool) -> WiderSearch:
    """Search the other lists if the list of `queue` has no matching name."""
    text = queue.asked.filter.searched
    is_found_here = queue.total and not queue.asked.filter.reads_text
    if not text or is_found_here:
        return WiderSearch(None, [])
    others = [one for one in LISTINGS.values() if one is not queue.listing]
    asked = [_search(one, text) for one in others if sees_decisions or not one.of_decisions]
    found = [OtherList(one.listing.tab, _count(one), one.address()) for one in asked]
    return WiderSearch(apv_named(text), [one for one in found if one.count])


def apv_named(text: str) -> APV | None:
    """Return the APV with exactly this code, in any case."""
    code = text.strip().upper()
    return APV.objects.filter(apv_code=code).first() if is_code(code) else None


def _search(listing: Listing, text: str) -> ListQuery:
    return ListQuery(listing, query_for(listing, search=text))


def _count(asked: ListQuery) -> int:
    """Return the number of matching names; text that only mentions it does not count."""
    return 0 if asked.filter.reads_text else asked.count()
