"""Rows of tables, of which a page has so many that they are made without a template."""

from collections.abc import Iterable

from django import template
from django.db import DatabaseError
from django.template.context import Context
from django.template.engine import Engine
from django.utils.safestring import SafeString, mark_safe

from reviews.console import row_html
from reviews.console.comment_state import Thread
from reviews.console.diff_html import rows_as_html
from reviews.console.diffs import Section
from reviews.console.rows import Row
from reviews.templatetags.parts import UNSHOWN_ROW, unshown

register = template.Library()
register.simple_tag(row_html.package_cell)
register.simple_tag(row_html.version_cell)
register.simple_tag(row_html.team_cell)
register.simple_tag(row_html.due_time)


@register.simple_tag(takes_context=True)
def apv_rows(context: Context, rows: Iterable[Row], kept: str) -> SafeString:
    """Show APVs as rows of the list with the query `kept`; each may fail by itself."""
    writer = row_html.RowWriter(
        kept=kept,
        open_code=context.get("open_code") or "",
        selectable=bool(context.get("selectable")),
    )
    shown = (_written(writer, row) for row in rows)
    return mark_safe("".join(shown))  # noqa: S308 — escaped # nosec B308, B703


def _written(writer: row_html.RowWriter, row: Row) -> str:
    try:
        return writer.write(row)
    except DatabaseError:
        raise  # the shown data did not cause this
    except Exception:
        return unshown(UNSHOWN_ROW, row, writer.kept)


@register.simple_tag(takes_context=True)
def diff_rows(context: Context, section: Section, address: str) -> SafeString:
    """Show the rows of a section of the diff at `address`, with the comments on them."""

    row = Engine.get_default().get_template("console/_talk.html")

    def talk(thread: Thread, columns: int) -> str:
        with context.push(thread=thread, columns=columns):
            return str(row.render(context))

    is_split = section.options.view == "split"
    return rows_as_html(section.rows, split=is_split, address=address, talk=talk)
