"""Decisions as streamed files, with only a part in memory at a time."""

import csv
import io
import json
import re
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from datetime import timedelta
from typing import Any

from asgiref.sync import sync_to_async
from rest_framework.utils.encoders import JSONEncoder

from audit import entries
from audit.choices import AuditAction
from audit.models import Entry
from realtime import clock
from realtime.replica import routing
from realtime.replica.reading import may_lag
from reviews.api.serializers.decisions import DecisionSerializer
from reviews.choices import Action
from reviews.models.decision import DecisionQuerySet
from reviews.orders import DECISIONS

PIECE = 500
FIELDS = list(DecisionSerializer.Meta.fields)
COLUMNS = ["action" if name == "action_taken" else name for name in FIELDS]
"""The protocol's word `pr_merged` would tell the reader of a sheet what has not happened yet."""
BOM = "\ufeff"
"""Without it Excel reads UTF-8 as the code page of its Windows."""
GAP = r"[ \u00a0\u200b\u3000\ufeff\"']*"
SIGN = r"[=+\-@\uff1d\uff0b\uff0d\uff20]"
FORMULA = re.compile(rf"\A(?=[\t\r\n]|{GAP}{SIGN})|(?<=[\t\r\n,;|])(?={GAP}{SIGN})")
"""Where a spreadsheet may see the beginning of a formula (OWASP, CSV Injection).

That is at the start of a cell, and after what starts a cell where other separators are usual: where
decimals have a comma, Excel separates by semicolons, and quotes around all of it do not help. Full-
width signs count in Japanese.
"""
FORMULA_IN_JSON = re.compile(rf"(?<=[,;|])({GAP})(?!(?<=, )-)({SIGN})")
"""The same inside of JSON, but for a negative number in a list."""

REPEATED_WITHIN = timedelta(minutes=10)
"""A file that the same user fetches again within this time is no news for the audit."""

MOST_ASKED = 1000
"""How much is recorded of the address of an export; its sender chooses the length."""

Encode = Callable[[Sequence[dict[str, Any]], bool], str]


async def stream(rows: DecisionQuerySet, encode: Encode) -> AsyncIterator[str]:
    """Yield the decisions of `rows`, newest first, encoded in parts.

    All parts come from the server that the first one came from, and end if it dies.
    """
    piece, last, alias = await sync_to_async(read_first_piece)(rows)
    yield encode(piece, True)
    while last is not None:
        piece, last = await sync_to_async(read_piece)(rows.using(alias), last)
        if piece:
            yield encode(piece, False)


@may_lag
def read_first_piece(rows: DecisionQuerySet) -> tuple[list[dict[str, Any]], Any, str]:
    """Return the first part as `read_piece` does, and the database that it was read from."""
    return *read_piece(rows, None), routing.alias()


def read_piece(rows: DecisionQuerySet, last: Any) -> tuple[list[dict[str, Any]], Any]:
    """Return the part after decision `last`, and its own last one, or None at the end."""
    ordered = rows.with_effect().order_by(*DECISIONS.by)
    found = list((ordered.filter(DECISIONS.after(last)) if last else ordered)[:PIECE])
    piece: Any = DecisionSerializer(found, many=True).data
    return piece, found[-1] if len(found) == PIECE else None


def as_csv(piece: Sequence[dict[str, Any]], first: bool) -> str:
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_NONNUMERIC)
    if first:
        text.write(BOM)
        writer.writerow(COLUMNS)
    writer.writerows(_cells(row) for row in piece)
    return text.getvalue()


def _for_a_sheet(row: dict[str, Any], name: str) -> Any:
    """Return a field in words where the protocol's value would mislead a reader."""
    if name == "action_taken" and row[name] in Action.values:
        return str(Action(row[name]).label)
    if name == "confidence" and row["confidence_stated"] is False:
        return None
    return row[name]


def _cells(row: dict[str, Any]) -> Iterator[Any]:
    for name in FIELDS:
        value = _for_a_sheet(row, name)
        if isinstance(value, dict):
            text = json.dumps(value, cls=JSONEncoder, ensure_ascii=False)
            yield FORMULA_IN_JSON.sub(_escaped, text)
        else:
            yield harmless(value) if isinstance(value, str) else value


def harmless(text: str) -> str:
    """Return `text` as a cell that no spreadsheet reads as a formula, by a leading apostrophe."""
    return FORMULA.sub("'", text)


def _escaped(found: re.Match[str]) -> str:
    """Return a character as a JSON escape."""
    return f"{found[1]}\\u{ord(found[2]):04x}"


def as_json_lines(piece: Sequence[dict[str, Any]], first: bool) -> str:
    lines = (json.dumps(row, cls=JSONEncoder, ensure_ascii=False) for row in piece)
    return "".join(f"{line}\n" for line in lines)


def record_export(user: Any, name: str, *, asked: str) -> None:
    """Record that `user` exported the decisions, unless they did so just before.

    `asked` is the query that filters them.
    """
    details: dict[str, Any] = {
        "asked": asked if len(asked) <= MOST_ASKED else f"{asked[:MOST_ASKED]}…"
    }
    before = Entry.objects.filter(
        at__gt=clock.now() - REPEATED_WITHIN,
        action=AuditAction.EXPORTED,
        user_id=user.pk,
        object=name,
        details=entries.as_text(details),
    )
    if not before.exists():
        entries.record(AuditAction.EXPORTED, name, actor=user, **details)
