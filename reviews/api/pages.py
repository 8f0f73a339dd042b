"""Lists in pages, each with the positions its rows were read at."""

from collections.abc import Callable
from functools import cache
from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from realtime import history
from reviews import selectors
from reviews.api.serializers import PositionSerializer

LIMIT, MOST = 50, 200
FURTHEST = 10_000_000


class PageQuery(serializers.Serializer[Any]):
    """Which part of a list is asked for."""

    skip = serializers.IntegerField(min_value=0, max_value=FURTHEST, default=0)
    offset = serializers.IntegerField(
        min_value=0, max_value=FURTHEST, required=False, help_text="Another name for `skip`."
    )
    limit = serializers.IntegerField(min_value=1, max_value=MOST, default=LIMIT)


def page(
    request: Request,
    rows: QuerySet[Any],
    serializer: type[serializers.BaseSerializer[Any]],
    name: str,
    *,
    count: Callable[[], int],
) -> Response:
    """The part of `rows` that the query asks for, under `name`, with total and positions.

    Rows and positions are one snapshot: a client that subscribes from the positions misses and
    doubles nothing. `count` says how many rows there are.
    """
    query = PageQuery(data=request.query_params)
    query.is_valid(raise_exception=True)
    skip = query.validated_data.get("offset", query.validated_data["skip"])
    limit = query.validated_data["limit"]
    with selectors.snapshot():
        found = serializer(part(rows, skip, limit), many=True).data
        total = count()
        positions = history.positions()
    return Response(
        {
            name: found,
            "total": total,
            "skip": skip,
            "limit": limit,
            "positions": {channel: one.model_dump() for channel, one in positions.items()},
        }
    )


def part(rows: QuerySet[Any], skip: int, limit: int) -> QuerySet[Any]:
    """`limit` of `rows` from `skip` on; those before are skipped in the index, without reading."""
    if not skip:
        return rows[:limit]
    keys = list(rows.values_list("pk", flat=True)[skip : skip + limit])
    return rows.filter(pk__in=keys)


def is_narrowed(rows: QuerySet[Any], whole: QuerySet[Any]) -> bool:
    """Whether filters left less of `whole`, so that `rows` must be counted one by one."""
    return bool(rows.query.where != whole.query.where)


@cache  # one component each in the API's description
def page_schema(name: str, item: type[serializers.BaseSerializer[Any]]) -> Any:
    """The serializer that describes such a page to OpenAPI."""
    fields = {
        name: item(many=True),
        "total": serializers.IntegerField(),
        "skip": serializers.IntegerField(),
        "limit": serializers.IntegerField(),
        "positions": serializers.DictField(child=PositionSerializer()),
    }
    page_class = type(f"{name.title()}Page", (serializers.Serializer,), fields)
    return extend_schema_serializer(many=False)(page_class)
