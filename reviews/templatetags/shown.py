"""Filters that show untrusted text safely."""

import re
from collections.abc import Sized
from itertools import islice

from django import template
from django.core.exceptions import ValidationError
from django.template.defaultfilters import filesizeformat
from django.utils.encoding import iri_to_uri
from django.utils.html import escape, format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext

from reviews import links
from reviews.console import invisible_characters, names
from reviews.console.lookalikes import marked, name_of, passing_in_name, passing_in_prose

register = template.Library()


@register.filter
def identifier(value: object) -> SafeString:
    """Show a name, a version or an address with every character visible and lookalikes marked."""
    text = _text(value)
    places = passing_in_name(text)
    if not places:
        return escape(invisible_characters.reveal_in_name(text))
    return format_html(
        "{} {}", marked(text, places, show=invisible_characters.reveal_in_name), _note(text, places)
    )


def _note(text: str, places: set[int]) -> SafeString:
    named = ", ".join(_names(text, places))
    return format_html('<small class="lookalike-note" title="{}">{}</small>', named, named)


def _names(text: str, places: set[int]) -> list[str]:
    return sorted({name_of(text[at]) for at in places})[:MOST_NAMED]


MOST_NAMED = 5
"""Further characters are marked only."""


@register.filter
def identifier_in_two(value: object) -> SafeString:
    """Show a name as `identifier` does, in two elements, of which the style sheet cuts the first.

    The second one is the note about deceptive characters, if there is one.
    """
    text = _text(value)
    if places := passing_in_name(text):
        shown = marked(text, places, show=invisible_characters.reveal_in_name)
        return in_two(shown, _note(text, places))
    head, tail = names.split(invisible_characters.reveal_in_name(text))
    return in_two(head, tail) if head else escape(tail)


def in_two(start: str, end: str) -> SafeString:
    return format_html('<span class="start">{}</span><span class="end">{}</span>', start, end)


@register.filter
def identifier_text(value: object) -> str:
    """Show a name as `identifier` does, for attributes and titles, which have no elements."""
    text = _text(value)
    named = ", ".join(_names(text, passing_in_name(text)))
    shown = invisible_characters.reveal_in_name(text)
    return f"{shown} ({named})" if named else shown


@register.filter
def prose(value: object) -> SafeString:
    """Show prose, with the joiners that its script or an emoji needs."""
    text = _text(value)
    return marked(text, passing_in_prose(text), show=invisible_characters.prose)


@register.filter
def size(count: int) -> str:
    """Show a number of bytes, with a space before the unit."""
    return filesizeformat(count).replace("\N{NO-BREAK SPACE}", " ")


COMMENT = re.compile(
    r"```\n?(?P<block>.+?)```\n?|`(?P<code>[^`\n]+)`|(?P<link>https?://[^\s<>\"'`]+)", re.DOTALL
)
"""What a comment has besides text."""
AFTER_LINK = ".,;:!?)]}"


@register.filter
def comment(value: object) -> SafeString:
    """Show a comment: text, with code between backticks, and links to addresses."""
    text, shown, last = _text(value), [], 0
    for found in COMMENT.finditer(text):
        shown += [prose(text[last : found.start()]), _special(found)]
        last = found.end()
    return format_html_join("", "{}", ((one,) for one in (*shown, prose(text[last:]))))


def _special(found: "re.Match[str]") -> SafeString:
    if found["block"]:
        return format_html(
            "<pre><code>{}</code></pre>", invisible_characters.reveal(found["block"])
        )
    if found["code"]:
        return format_html("<code>{}</code>", invisible_characters.reveal(found["code"]))
    address = found["link"].rstrip(AFTER_LINK)
    rest = found["link"][len(address) :]
    try:
        link = links.read(address)
    except ValidationError:
        return prose(found["link"])
    return format_html(
        '<a href="{}" rel="noopener noreferrer nofollow ugc">{}</a>{}',
        iri_to_uri(link.address),
        identifier(address),
        rest,
    )


MOST_PAIRS = 50
MOST_CHARACTERS = 2_000
"""Of one value."""


@register.filter
def pairs(value: object) -> list[tuple[str, str]]:
    """Return the first keys and values of an object, with values shortened for a page."""
    known = value if isinstance(value, dict) else {}
    return [(_brief(key), _brief(str(one))) for key, one in islice(known.items(), MOST_PAIRS)]


@register.filter
def beyond(value: Sized, most: int) -> int:
    """Return how many elements there are after the first `most`."""
    return max(0, len(value) - most)


def _brief(text: str) -> str:
    return text if len(text) <= MOST_CHARACTERS else f"{text[:MOST_CHARACTERS]}…"


def _text(value: object) -> str:
    return "" if value is None else str(value)


@register.simple_tag
def linked(address: str, text: object, number: int | None = None) -> SafeString:
    """Show `text` as a link to `address`, with its host.

    An ambiguous address, or one of another pull request than `number`, is shown as text: some
    stored addresses are older than the checks. Words of a template's own are shown as they are.
    """
    try:
        link = links.read(address)
        links.check_number(number, address)
    except ValidationError as error:
        return format_html(
            '<span class="unlinked">{} <small>{} {}</small></span>',
            identifier(address),
            gettext("Not linked."),
            " ".join(error.messages),
        )
    return format_html(
        '<a class="linked" href="{}" rel="noopener noreferrer">{}</a>'
        ' <small class="host">{}</small>',
        iri_to_uri(link.address),
        text if isinstance(text, SafeString) else identifier(text),
        link.host,
    )
