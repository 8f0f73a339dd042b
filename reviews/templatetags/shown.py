"""Filters that show text from outside for what it is."""

from django import template
from django.template.defaultfilters import filesizeformat
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString

from reviews.console import unseen
from reviews.console.lookalikes import marked, name_of, passing_in_name

register = template.Library()


@register.filter
def identifier(value: object) -> SafeString:
    """Show a name, a version or an address: each character, and what passes for another one."""
    text = _text(value)
    places = passing_in_name(text)
    if not places:
        return escape(unseen.reveal_in_name(text))
    return format_html(
        "{} {}", marked(text, places, show=unseen.reveal_in_name), _note(text, places)
    )


def _note(text: str, places: set[int]) -> SafeString:
    names = ", ".join(_names(text, places))
    return format_html('<small class="lookalike-note" title="{}">{}</small>', names, names)


def _names(text: str, places: set[int]) -> list[str]:
    return sorted({name_of(text[at]) for at in places})[:MOST_NAMED]


MOST_NAMED = 5
"""Further characters are marked only."""


@register.filter
def identifier_text(value: object) -> str:
    """Show a name as `identifier` does, where no elements can stand: in attributes and titles."""
    text = _text(value)
    names = ", ".join(_names(text, passing_in_name(text)))
    shown = unseen.reveal_in_name(text)
    return f"{shown} ({names})" if names else shown


@register.filter
def prose(value: object) -> SafeString:
    """Show a text in some language; joiners that its script or an emoji needs are kept."""
    return unseen.prose(_text(value))


@register.filter
def size(count: int) -> str:
    """Show a number of bytes, its unit after a space as any other."""
    return filesizeformat(count).replace("\N{NO-BREAK SPACE}", " ")


def _text(value: object) -> str:
    return "" if value is None else str(value)
