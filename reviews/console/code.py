"""Untrusted code as HTML: highlighted, escaped, and with nothing hidden in it."""

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from reviews.console.invisible_characters import reveal

MOST_LINES = 20_000
"""Longer diffs are shown without colours: a span per line would overwhelm a browser."""

CLASSES = (
    (("diff ", "index ", "--- ", "+++ "), "gh"),
    (("@@",), "gu"),
    (("+",), "gi"),
    (("-",), "gd"),
)
"""How lines begin, and the class of those that do; the first one counts."""


def highlighted(diff: str) -> SafeString:
    """Return a unified diff as HTML, each line in the colour of its kind."""
    shown = reveal(diff.replace("\r\n", "\n"))
    if shown.count("\n") > MOST_LINES:
        return format_html('<div class="diff"><pre>{}</pre></div>', shown)
    lines = format_html_join(
        "\n", '<span class="{}">{}</span>', ((_class(line), line) for line in shown.split("\n"))
    )
    return format_html('<div class="diff"><pre>{}</pre></div>', lines)


def _class(line: str) -> str:
    return next((css for starts, css in CLASSES if line.startswith(starts)), "")
