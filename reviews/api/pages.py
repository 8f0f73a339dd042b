"""Pages of lists, each with the positions at which its rows were read.

A page starts after `skip` rows, or after the row of the cursor `after`. While rows come and go,
only paging by cursors returns each remaining row exactly once.
"""

from collections.abc import Callable
from functools import cache
from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.memory import represented, validated
from realtime import log
from realtime.snapshot import snapshot
from reviews.api.serializers.positions import PositionSerializer
from reviews.orders import BadCursor, Order

LIMIT, MOST = 50, 200
FURTHEST = 10_000_000


class PageQuery(serializers.Serializer[Any]):
    """The part of a list that a client asks for."""

    skip = serializers.IntegerField(min_value=0, max_value=FURTHEST, default=0)
    offset = serializers.IntegerField(
        min_value=0, max_value=FURTHEST, required=False, help_text="Another name for `skip`."
    )
    after = serializers.CharField(
        required=False,
        max_length=1000,
        help_text="The `next` of the page before, instead of `skip`: rows that come or leave"
        " meanwhile then shift nothing. Ask for the same order as before.",
    )
    limit = serializers.IntegerField(min_value=1, max_value=MOST, default=LIMIT)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Treat `offset` as `skip`; refuse two places at once."""
        attrs["skip"] = attrs.pop("offset", attrs["skip"])
        if "after" in attrs and attrs["skip"]:
            raise ValidationError({"after": "Give either `after` or `skip`."})
        return attrs


def page(
    request: Request,
    rows: QuerySet[Any],
    order: Order,
    serializer: type[serializers.BaseSerializer[Any]],
    name: str,
    *,
    count: Callable[[], int],
) -> Response:
    """Return the part of `rows`, in `order`, that the query asks for, with total and positions.

    Rows and positions are one snapshot, so a client that subscribes from the positions misses and
    repeats nothing. `count` returns the number of rows.
    """
    query = validated(PageQuery(data=request.query_params))
    skip, limit = query["skip"], query["limit"]
    rows = place(rows, order, query.get("after"))
    with snapshot():
        found = list(part(rows, skip, limit + 1))  # one more row shows whether there are more
        total = count()
        positions = log.positions()
    shown = found[:limit]
    return Response(
        {
            name: represented(serializer, shown),
            "total": total,
            "skip": skip,
            "limit": limit,
            "positions": {channel: one.model_dump() for channel, one in positions.items()},
            "next": order.cursor(shown[-1]) if len(found) > limit else None,
        }
    )


def place(rows: QuerySet[Any], order: Order, cursor: str | None) -> QuerySet[Any]:
    """Return `rows` in order, from the place of the cursor on. Raise ValidationError."""
    rows = rows.order_by(*order.by)
    if cursor is None:
        return rows
    try:
        return rows.filter(order.after_cursor(cursor))
    except BadCursor as error:
        raise ValidationError({"after": str(error)}) from None


def part(rows: QuerySet[Any], skip: int, limit: int) -> QuerySet[Any]:
    """Return `limit` of `rows` from `skip` on; earlier rows are skipped in the index, unread."""
    if not skip:
        return rows[:limit]
    keys = list(rows.values_list("pk", flat=True)[skip : skip + limit])
    return rows.filter(pk__in=keys)


def is_narrowed(rows: QuerySet[Any], whole: QuerySet[Any]) -> bool:
    """Return whether filters removed rows of `whole`, so that `rows` must be counted one by one."""
    return bool(rows.query.where != whole.query.where)


@cache  # one component each in the API's description
def page_schema(name: str, item: type[serializers.BaseSerializer[Any]]) -> Any:
    """Return the serializer that describes such a page to OpenAPI."""
    fields = {
        name: item(many=True),
        "total": serializers.IntegerField(),
        "skip": serializers.IntegerField(),
        "limit": serializers.IntegerField(),
        "positions": serializers.DictField(child=PositionSerializer()),
        "next": serializers.CharField(
            allow_null=True, help_text="What `after` takes for the next page; null on the last one."
        ),
    }
    page_class = type(f"{name.title()}Page", (serializers.Serializer,), fields)
    return extend_schema_serializer(many=False)(page_class)
