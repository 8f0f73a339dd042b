"""What a search does not find in its own list, but in another one."""

from dataclasses import dataclass
from typing import Any

from django.http import QueryDict

from reviews.console.queue import COUNTED, DECIDED, LISTINGS, Asked, Queue, is_code
from reviews.models import APV


@dataclass(frozen=True)
class Elsewhere:
    """How many another list finds, up to one more than COUNTED, and its address."""

    title: Any
    count: int
    address: str

    @property
    def uncounted(self) -> bool:
        return self.count > COUNTED


@dataclass(frozen=True)
class Finds:
    """The APV whose code is what was searched for, and the other lists that find something."""

    exact: APV | None
    lists: list[Elsewhere]


def find_elsewhere(queue: Queue, *, sees_decisions: bool) -> Finds:
    """Look beyond the list of `queue`, where that has nothing of the name that is searched for."""
    text = str(queue.asked.filter.chosen.get("search", ""))
    is_found_here = queue.total and not queue.asked.filter.reads_text
    if not text or is_found_here:
        return Finds(None, [])
    others = [one for one in LISTINGS.values() if one is not queue.listing]
    asked = [_search(one, text) for one in others if sees_decisions or one is not DECIDED]
    found = [Elsewhere(one.listing.tab, _count(one), one.address()) for one in asked]
    return Finds(apv_named(text), [one for one in found if one.count])


def apv_named(text: str) -> APV | None:
    """The APV of exactly this code, written in any case."""
    code = text.strip().upper()
    return APV.objects.filter(apv_code=code).first() if is_code(code) else None


def _search(listing: Any, text: str) -> Asked:
    query = QueryDict(mutable=True)
    query.update({"status": listing.name, "search": text})
    if listing.name == "pending":
        del query["status"]
    return Asked(listing, query)


def _count(asked: Asked) -> int:
    """How many are named so; a text that merely mentions it is not worth another list."""
    if asked.filter.reads_text:
        return 0
    return int(asked.filter.qs.order_by()[: COUNTED + 1].count())
