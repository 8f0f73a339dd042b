"""The start of a page of a list: after the row in its address, or around an APV."""

import re
from typing import Any
from uuid import UUID

from reviews.console.list_query import ListQuery
from reviews.console.listings import Listing
from reviews.models import APV, CODE_PATTERN, Decision

PAGE = 50
NEAR = 10
"""How many rows the page of an APV has after it at least, if there are as many."""


def place(asked: ListQuery) -> Any:
    """Return the condition that a row comes after the one in `after`; None if that is unknown."""
    row = _named_row(asked.listing, asked.query.get("after", ""))
    return None if row is None else asked.order.after(row)


def _named_row(listing: Listing, name: str) -> Any:
    if not listing.of_decisions:
        return APV.objects.filter(apv_code=name).first() if is_code(name) else None
    try:
        return Decision.objects.filter(pk=UUID(name)).first()
    except ValueError:
        return None


def place_around(asked: ListQuery, code: str) -> Any:
    """Return the condition that a row is on the page around this APV; None for the first page.

    It is also None if the list does not have the APV.
    """
    if not is_code(code):
        return None
    column = "apv__apv_code" if asked.listing.of_decisions else "apv_code"
    order = asked.order
    found = asked.filter.qs.select_related(None).only(*order.columns)
    row = found.filter(**{column: code}).order_by(*order.by).first()
    if row is None:
        return None
    backwards = found.filter(order.before(row)).order_by(*order.reversed.by)
    before = list(backwards[: PAGE - NEAR])
    return order.after(before[PAGE // 2]) if len(before) == PAGE - NEAR else None


def is_code(text: str) -> bool:
    return re.fullmatch(CODE_PATTERN, text) is not None
