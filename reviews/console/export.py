"""Decisions as files, streamed: however many there are, only a piece is in memory at a time."""

import csv
import io
import json
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from typing import Any

from asgiref.sync import sync_to_async
from django.db.models import QuerySet
from rest_framework.utils.encoders import JSONEncoder

from reviews.api.serializers import DecisionSerializer
from reviews.models import Decision
from reviews.orders import DECISIONS

PIECE = 500
COLUMNS = list(DecisionSerializer.Meta.fields)
FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet may take for a formula (OWASP, CSV Injection)."""

Encode = Callable[[Sequence[dict[str, Any]], bool], str]


async def stream(rows: QuerySet[Decision], encode: Encode) -> AsyncIterator[str]:
    """The decisions of `rows`, newest first, encoded piece by piece."""
    first, last = True, None
    while True:
        piece, last = await sync_to_async(_read)(rows, last)
        if piece or first:
            yield encode(piece, first)
        if last is None:
            return
        first = False


def _read(rows: QuerySet[Decision], last: Any) -> tuple[list[dict[str, Any]], Any]:
    """The piece after decision `last`, and its own last one, or None at the end."""
    ordered = rows.order_by(*DECISIONS.by)
    found = list((ordered.filter(DECISIONS.after(last)) if last else ordered)[:PIECE])
    piece: Any = DecisionSerializer(found, many=True).data
    return piece, found[-1] if len(found) == PIECE else None


def as_csv(piece: Sequence[dict[str, Any]], first: bool) -> str:
    text = io.StringIO()
    writer = csv.writer(text)
    if first:
        writer.writerow(COLUMNS)
    writer.writerows(_cells(row) for row in piece)
    return text.getvalue()


def _cells(row: dict[str, Any]) -> Iterator[Any]:
    for name in COLUMNS:
        value = row[name]
        if isinstance(value, dict):
            value = json.dumps(value, cls=JSONEncoder, ensure_ascii=False)
        yield harmless(value) if isinstance(value, str) else value


def harmless(text: str) -> str:
    """`text` as a cell that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(FORMULA) else text


def as_json_lines(piece: Sequence[dict[str, Any]], first: bool) -> str:
    lines = (json.dumps(row, cls=JSONEncoder, ensure_ascii=False) for row in piece)
    return "".join(f"{line}\n" for line in lines)
