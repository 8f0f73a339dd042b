"""Detect letters that pass for others (UTS 39): in `rеquests` the first е is Cyrillic.

A word in one script with distinctive letters is what it seems. A word that mixes scripts is not,
nor is one of another script that reads as ASCII throughout.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import islice

from django.utils.html import conditional_escape, format_html, format_html_join
from django.utils.safestring import SafeString

from reviews.console.confusables import CONFUSABLE
from reviews.console.invisible_characters import BLANK

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
EAST_ASIAN = frozenset(["CJK", "HIRAGANA", "KATAKANA", "HANGUL", "BOPOMOFO"])
SCRIPTS = {"IDEOGRAPHIC": "CJK", "FEMININE": LATIN, "MASCULINE": LATIN}
"""Of letters whose names begin otherwise."""
STROKES = frozenset("一丨ー")
"""Letters that are a dash or a bar where no other East Asian one stands beside them."""
_WIDE = {"FULLWIDTH"}
"""Latin letters as East Asian texts have them."""


def passing_in_name(text: str) -> set[int]:
    """Return the places in an identifier where letters, digits or signs pass for others."""
    if text.isascii():
        return set()
    signs = {
        found.start()
        for found in _NOT_ASCII.finditer(text)
        if not found[0].isalpha() and looks_like(found[0])
    }
    return signs | passing_in_words(text)


def passing_in_words(text: str) -> set[int]:
    """Return the places in the words of code where letters pass for others."""
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
    letters = _scripts(word)
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


def _scripts(word: str) -> dict[int, str]:
    """Return the script of each letter; strokes such as 一 have one only near East Asian ones."""
    letters = {at: script_of(one) for at, one in enumerate(word) if _is_letter(one)}
    company = {script for at, script in letters.items() if word[at] not in STROKES} & EAST_ASIAN
    for at in letters:
        if word[at] in STROKES:
            letters[at] = next(iter(company), "STROKE")
    return letters


def _is_letter(one: str) -> bool:
    """Return whether a character is a letter, or a number written with one, such as ⅼ."""
    if one in BLANK:
        return False  # Hangul fillers count as letters
    return one.isalpha() or unicodedata.category(one) == "Nl"


def looks_like(one: str) -> str | None:
    """Return the ASCII text that `one` looks like, or ""; ligatures look like several letters."""
    plain = unicodedata.normalize("NFKC", one)
    plain = CONFUSABLE.get(plain, plain)
    is_like = all("!" <= char <= "~" for char in plain)
    return plain if is_like and (len(plain) == 1 or one.isalpha()) else None


def script_of(letter: str) -> str:
    """Return the first word of a letter's name: its script, except for compatibility letters."""
    name = unicodedata.name(letter, "UNNAMED").removeprefix("HALFWIDTH ").split()[0]
    return SCRIPTS.get(name, name)


# -- Prose --------------------------------------------------------------------------------------


ORTHOGRAPHIC = {"ª": "", "º": "", "ʻ": "", "ʼ": "", "ı": "çğşöüÇĞŞİÖÜ", "þ": "ðæÐÆ", "Þ": "ðæÐÆ"}
"""Letters that languages are written with, and others of them that show a text to be in one."""


def passing_in_prose(text: str) -> set[int]:
    """Return the places where letters pass for others in prose.

    There are fewer than in code: a single letter is a symbol (Δ, α, ℝ, 1ª), letters that look like
    no ASCII letter deceive nobody (μs, kΩ), and `рис` is a word in a Russian text.
    """
    if text.isascii() or not passing_in_words(text):
        return set()
    spoken = _spoken(text)
    plain = {one for one, others in ORTHOGRAPHIC.items() if not others or {*others} & {*text}}
    return {
        found.start() + at
        for found in _WORD.finditer(text)
        if not found[0].isascii()
        for at in _passing_in_prose(found[0], spoken)
        if found[0][at] not in plain
    }


def _passing_in_prose(word: str, spoken: set[str]) -> Iterator[int]:
    letters = {at: script for at, script in _scripts(word).items() if not _is_index(word[at])}
    scripts = set(letters.values())
    if len(letters) > 1 and not (len(scripts) == 1 and scripts <= spoken):
        wide = _WIDE & spoken
        yield from (
            at for at in _passing(word) if _deceives(word[at]) and letters.get(at) not in wide
        )


def _is_index(letter: str) -> bool:
    return unicodedata.decomposition(letter).startswith(("<sub>", "<super>"))


def _deceives(letter: str) -> bool:
    """Return whether a letter can be mistaken for an ASCII one; right-to-left ones cannot."""
    if _is_index(letter) or unicodedata.bidirectional(letter) in {"R", "AL"}:
        return False
    return len(looks_like(letter) or "") == 1


def _spoken(text: str) -> set[str]:
    """Return the scripts with at least as many words that are only theirs as Latin has."""
    words = Counter(script for found in _WORD.finditer(text) for script in _sure(found[0]))
    spoken = {one for one in words if one != LATIN and words[one] >= words[LATIN]}
    return spoken | _WIDE if words.keys() & EAST_ASIAN else spoken


def _sure(word: str) -> set[str]:
    letters = _scripts(word)
    scripts = set(letters.values())
    is_sure = LATIN in scripts or not all(looks_like(word[at]) for at in letters)
    return scripts if is_sure and (len(scripts) == 1 or scripts & EAST_ASIAN) else set()


def marked(
    text: str, places: set[int], start: int = 0, show: Callable[[str], str] = str
) -> SafeString:
    """Return `text` as HTML with a mark around the characters at `places`, counted from `start`.

    `show` converts the rest.
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
    """Return the name of a deceptive character: `е CYRILLIC SMALL LETTER IE`."""
    return f"{one} {unicodedata.name(one, f'U+{ord(one):04X}')}"
