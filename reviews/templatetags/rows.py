"""Rows of tables, of which a page has so many that they are made without a template."""

from django import template
from django.utils.safestring import SafeString

from reviews.console.diff_html import rows_as_html
from reviews.console.diffs import Section

register = template.Library()


@register.simple_tag
def diff_rows(section: Section, address: str) -> SafeString:
    """Show the rows of a section of the diff at `address`."""
    return rows_as_html(section.rows, split=section.options.view == "split", address=address)
