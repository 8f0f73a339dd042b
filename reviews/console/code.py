"""Code from outside as HTML: highlighted, escaped, and with nothing hidden in it."""

import re

from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import DiffLexer

MOST_LINES = 20_000
"""Longer diffs are shown without colours: a span per line would overwhelm a browser."""

# Controls, and what turns or hides text (the "Trojan Source" characters): a reviewer must see them.
UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]"
)

_lexer = DiffLexer(stripnl=False, ensurenl=True)
_formatter: "HtmlFormatter[str]" = HtmlFormatter(cssclass="diff", linespans="diff")


def highlighted(diff: str) -> SafeString:
    """A unified diff as HTML with Pygments' classes, each line under its own id."""
    shown = reveal(diff.replace("\r\n", "\n"))
    if shown.count("\n") > MOST_LINES:
        return format_html('<div class="diff"><pre>{}</pre></div>', shown)
    coloured = highlight(shown, _lexer, _formatter)
    return mark_safe(coloured)  # noqa: S308 — Pygments escapes # nosec B308, B703


def reveal(text: str) -> str:
    """`text` with each unseen character replaced by its name, such as ⟨U+202E⟩."""
    return UNSEEN.sub(lambda found: f"⟨U+{ord(found[0]):04X}⟩", text)


def unseen_characters(text: str) -> int:
    """How many characters `reveal` would replace."""
    return len(UNSEEN.findall(text.replace("\r\n", "\n")))
