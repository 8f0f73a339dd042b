"""Code from outside as HTML: highlighted, escaped, and with nothing hidden in it."""

import re

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

MOST_LINES = 20_000
"""Longer diffs are shown without colours: a span per line would overwhelm a browser."""

# Controls, and what turns or hides text (the "Trojan Source" characters): a reviewer must see them.
UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]"
)

CLASSES = (
    (("diff ", "index ", "--- ", "+++ "), "gh"),
    (("@@",), "gu"),
    (("+",), "gi"),
    (("-",), "gd"),
)
"""How lines begin, and the class of those that do; the first one counts."""


def highlighted(diff: str) -> SafeString:
    """A unified diff as HTML, each line of it in the colour of its kind."""
    shown = reveal(diff.replace("\r\n", "\n"))
    if shown.count("\n") > MOST_LINES:
        return format_html('<div class="diff"><pre>{}</pre></div>', shown)
    lines = format_html_join(
        "\n", '<span class="{}">{}</span>', ((_class(line), line) for line in shown.split("\n"))
    )
    return format_html('<div class="diff"><pre>{}</pre></div>', lines)


def _class(line: str) -> str:
    return next((css for starts, css in CLASSES if line.startswith(starts)), "")


def reveal(text: str) -> str:
    """`text` with each unseen character replaced by its name, such as ⟨U+202E⟩."""
    return UNSEEN.sub(lambda found: f"⟨U+{ord(found[0]):04X}⟩", text)


def unseen_characters(text: str) -> int:
    """How many characters `reveal` would replace."""
    return len(UNSEEN.findall(text.replace("\r\n", "\n")))
