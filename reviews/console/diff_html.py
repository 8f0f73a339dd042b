"""The rows of a diff as HTML, made without a template.

A page has a thousand rows. The template engine would need longer for them than for all the rest.
"""

from collections.abc import Callable, Iterator, Sequence

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import ngettext

from reviews.console.comment_state import Thread
from reviews.console.diff_rows import Row, Sides

BLANK = '<td class="nr"></td><td class="blank"></td>'
"""The side of a row that has no line."""


Talk = Callable[[Thread, int], str]
"""Makes the row with a thread of comments, of so many columns."""


def rows_as_html(rows: Sequence[Sides], *, split: bool, address: str, talk: Talk) -> SafeString:
    """Return rows of a table, each with the threads of comments on it.

    `address` is that of the diff, for links to whole lines.
    """
    lines = _split_lines(rows, address, talk) if split else _lines(rows, address, talk)
    return mark_safe("".join(lines))  # noqa: S308 — escaped # nosec B308, B703


def _lines(rows: Sequence[Sides], address: str, talk: Talk) -> Iterator[str]:
    for row, _same in rows:
        if row:
            yield _unified(row, address)
            yield from (talk(one, 3) for one in row.threads)


def _split_lines(rows: Sequence[Sides], address: str, talk: Talk) -> Iterator[str]:
    for old, new in rows:
        yield _side_by_side(old, new, address)
        for side in (old, None if new is old else new):
            if side:
                yield from (talk(one, 4) for one in side.threads)


def _unified(row: Row, address: str) -> str:
    if row.spans:
        return _spanning(row, 3, address)
    return (
        f'<tr class="{row.kind}"><td class="nr">{_number(row.old)}</td>'
        f'<td class="nr">{_number(row.new)}</td><td>{_line(row, address)}</td></tr>\n'
    )


def _side_by_side(old: Row | None, new: Row | None, address: str) -> str:
    if old and old.spans:
        return _spanning(old, 4, address)
    before = _side(old, old.old, address) if old else BLANK
    after = _side(new, new.new, address) if new else BLANK
    return f"<tr>{before}{after}</tr>\n"


def _spanning(row: Row, columns: int, address: str) -> str:
    text = f"{row.html}{_beyond(row, address)}"
    return f'<tr class="{row.kind}"><td colspan="{columns}">{text}</td></tr>\n'


def _side(row: Row, number: int | None, address: str) -> str:
    text = _line(row, address)
    return f'<td class="nr">{_number(number)}</td><td class="{row.kind}">{text}</td>'


def _number(number: int | None) -> str:
    return "" if number is None else str(number)


def _line(row: Row, address: str) -> str:
    return f'<span class="sign">{escape(row.sign)}</span>{row.html}{_beyond(row, address)}'


def _beyond(row: Row, address: str) -> str:
    """Return how a line ends where that differs, and a link to the whole of a line that is cut."""
    end = f'<span class="end">{escape(row.end)}</span>' if row.end else ""
    return end + (_link_to_whole(row, address) if row.cut else "")


def _link_to_whole(row: Row, address: str) -> str:
    text = ngettext("… %(count)s more character", "… %(count)s more characters", row.cut)
    words = escape(text % {"count": row.cut})
    return f' <a class="cut" href="{escape(address)}?line={row.number}">{words}</a>'
