"""Letters that pass for others are told apart (UTS 39): in `rеquests` the first е is Cyrillic.

A word of one script that has letters of its own is what it seems. One that mixes scripts is not,
nor one of another script that could be read as ASCII throughout.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator
from itertools import islice

from django.utils.html import conditional_escape, format_html, format_html_join
from django.utils.safestring import SafeString

from reviews.console.confusables import CONFUSABLE
from reviews.console.unseen import BLANK

_WORD = re.compile(r"[^\W_]+")
_NOT_ASCII = re.compile(r"[^\x00-\x7f]")
MOST_MARKED = 50
"""Letters of one text that are marked, as each mark takes some bytes."""
LATIN = "LATIN"
WRITTEN_TOGETHER = (
    frozenset([LATIN, "CJK", "HIRAGANA", "KATAKANA"]),
    frozenset([LATIN, "CJK", "BOPOMOFO"]),
    frozenset([LATIN, "CJK", "HANGUL"]),
)
"""Scripts that Japanese, Chinese and Korean mix (UTS 39, 5.2, Highly Restrictive)."""


def passing_in_name(text: str) -> set[int]:
    """Return where letters, digits or signs in an identifier pass for others."""
    if text.isascii():
        return set()
    signs = {
        found.start()
        for found in _NOT_ASCII.finditer(text)
        if not found[0].isalpha() and looks_like(found[0])
    }
    return signs | passing_in_words(text)


def passing_in_words(text: str) -> set[int]:
    """Return where letters pass for others in the words of code or prose."""
    if text.isascii():
        return set()
    return {
        found.start() + at
        for found in _WORD.finditer(text)
        if not found[0].isascii()
        for at in _passing(found[0])
    }


def words_with_passing(text: str, most: int) -> list[str]:
    """Return the first words of code in which letters pass for others."""
    if text.isascii():
        return []
    words = (found[0] for found in _WORD.finditer(text) if not found[0].isascii())
    passing = (word for word in words if passing_in_words(word))
    return list(dict.fromkeys(islice(passing, most)))


def _passing(word: str) -> Iterator[int]:
    letters = {at: script_of(one) for at, one in enumerate(word) if _is_letter(one)}
    scripts = set(letters.values())
    is_mixed = len(scripts) > 1 and not any(scripts <= group for group in WRITTEN_TOGETHER)
    own = LATIN if LATIN in scripts else next(iter(letters.values()), LATIN)
    disguised = own != LATIN and all(looks_like(word[at]) for at in letters)
    for at, script in letters.items():
        one = word[at]
        if one.isascii():
            continue
        if disguised or (is_mixed and script != own) or (script == LATIN and looks_like(one)):
            yield at


def _is_letter(one: str) -> bool:
    return one.isalpha() and one not in BLANK  # Hangul fillers count as letters


def looks_like(one: str) -> str | None:
    """Return the character of ASCII that `one`, which is none, looks like, if there is one."""
    plain = unicodedata.normalize("NFKC", one)
    plain = CONFUSABLE.get(plain, plain)
    return plain if len(plain) == 1 and "!" <= plain <= "~" else None


def script_of(letter: str) -> str:
    """Return the first word of a letter's name, which is its script but for compatibility."""
    return unicodedata.name(letter, "UNNAMED").split()[0]


def marked(
    text: str, places: set[int], start: int = 0, show: Callable[[str], str] = str
) -> SafeString:
    """Return `text` as HTML with a mark around what stands at `places`, counted from `start`.

    `show` gives what is seen of the rest.
    """
    if not places:
        return conditional_escape(show(text))
    parts: list[tuple[str, str, str]] = []
    last = 0
    for at, one in enumerate(text):
        if start + at in places and len(parts) < MOST_MARKED:
            parts.append((show(text[last:at]), name_of(one), one))
            last = at + 1
    html = format_html_join("", '{}<mark class="lookalike" title="{}">{}</mark>', parts)
    return format_html("{}{}", html, show(text[last:]))


def name_of(one: str) -> str:
    """Return what tells a character from the one it passes for: `е CYRILLIC SMALL LETTER IE`."""
    return f"{one} {unicodedata.name(one, f'U+{ord(one):04X}')}"
