"""Show invisible characters by their number, as ⟨U+202E⟩.

Invisible are the characters that Python does not call printable – controls, formats, surrogates,
private use, unassigned ones, line separators and every space except one (UCD, categories C and Z) –
and those that Unicode lets programs ignore (Default_Ignorable_Code_Point) or that are drawn blank.
"""

import re
import unicodedata
from collections.abc import Iterator

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

_BLANK = (
    *(0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x3164, 0xFFA0),  # joiner and fillers
    *(*range(0x180B, 0x180E), 0x180F),  # Mongolian variations
    *(*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)),  # variations of any character
    *(0x2800, 0xFFFC, 0x1D159, 0x16FE4, 0x13441, 0x13442),  # drawn blank
)
BLANK = frozenset(map(chr, _BLANK))
"""What Python calls printable, and nobody sees."""
MOST_MARKS = 4
"""Marks on one letter (UTS 39, 5.4); further ones would be drawn over the lines around it."""

_NOT_PLAIN = re.compile(r"[^\t\n -~]+")
_IN_NAMES = re.compile(r"^ | $| (?= )|(?<= ) |[\t\n]")
_WIDE_SPACE = "␣"
EMOJI_JOINER, NON_JOINER, TEXT_STYLE, EMOJI_STYLE = "\u200d", "\u200c", "\ufe0e", "\ufe0f"
KEYCAP = "\u20e3"
VIRAMA = 9
"""The combining class of these signs."""


def reveal(text: str) -> str:
    """Return `text` with each invisible character replaced by its number, except tabs and lines."""
    return _NOT_PLAIN.sub(lambda found: _revealed(found[0]), text)


def reveal_in_name(text: str) -> str:
    """Return `text`, of one line, with its unusual spaces and line ends visible too."""
    return _IN_NAMES.sub(
        lambda found: _WIDE_SPACE if found[0] == " " else number_of(found[0]), reveal(text)
    )


def count_invisible(text: str) -> int:
    """Return how many characters `reveal` would replace."""
    return sum(
        is_hidden for found in _NOT_PLAIN.finditer(text) for _one, is_hidden in _looked_at(found[0])
    )


def number_of(character: str) -> str:
    return f"⟨U+{ord(character):04X}⟩"


def _revealed(run: str) -> str:
    has_marks = len(run) > MOST_MARKS and any(map(unicodedata.combining, run))
    if run.isprintable() and BLANK.isdisjoint(run) and not has_marks:
        return run
    return "".join(number_of(one) if hidden else one for one, hidden in _looked_at(run))


def _looked_at(run: str) -> Iterator[tuple[str, bool]]:
    """Yield each character of `run`, and whether it is invisible or one mark too many."""
    marks = 0
    for one in run:
        marks = marks + 1 if unicodedata.combining(one) else 0
        yield one, not one.isprintable() or one in BLANK or marks > MOST_MARKS


# -- Pages --------------------------------------------------------------------------------------

_ON_PAGE = re.compile(r' value="[^"]*"|<textarea[^>]*>[^<]*|[^\t\n -~]+')
"""Attributes and contents that a form sends back, and all else that is to be looked at."""
_PLAIN = b"\t\n" + bytes(range(ord(" "), ord("~") + 1))
_INVISIBLE = 1
"""A byte that stands for itself and for the line ends at which `bytes.split` would split too."""
_APART = bytes(
    ord(" ") if one in _PLAIN else _INVISIBLE if one in b"\r\v\f" else one for one in range(256)
)
"""Puts spaces in the places of plain bytes."""


def reveal_on_page(html: str) -> str:
    """Return the HTML of a page with each invisible character replaced by its number.

    Text in form controls stays as it is, since it would be sent back changed; so do character
    references.
    """
    html = html.replace("\r\n", "\n")
    if all(_revealed(run) == run for run in _runs(html)):
        return html  # nearly always true, and fast to find out
    return _ON_PAGE.sub(_revealed_on_page, html)


def _runs(html: str) -> set[str]:
    """Return the runs of characters that are not plain, ten times as fast as a pattern does."""
    apart = html.encode(errors="surrogatepass").translate(_APART)
    return {run.decode(errors="surrogatepass") for run in apart.split()}


def _revealed_on_page(found: "re.Match[str]") -> str:
    return found[0] if found[0].startswith((" value=", "<textarea")) else _revealed(found[0])


# -- Prose --------------------------------------------------------------------------------------


def prose(text: str) -> SafeString:
    """Return `text` as HTML that keeps the joiners which its script or an emoji needs.

    They are written as character references, since `reveal_on_page` replaces all others.
    """
    parts: list[str] = []
    text = text.replace("\r\n", "\n")
    for found in re.finditer(r"[\t\n -~]+|[^\t\n -~]+", text):
        if not _NOT_PLAIN.match(found[0]):
            parts.append(escape(found[0]))
            continue
        for at, (one, hidden) in enumerate(_looked_at(found[0]), start=found.start()):
            parts.append(_in_prose(text, at) if hidden else one)
    return mark_safe("".join(parts))  # noqa: S308 — escaped above # nosec B308, B703


def _in_prose(text: str, at: int) -> str:
    one, before, after = text[at], text[at - 1 : at], text[at + 1 : at + 2]
    is_needed = _is_needed(one, before, after) or _is_of_flag(text, at)
    return reference_to(one) if is_needed else number_of(one)


def _is_needed(one: str, before: str, after: str) -> bool:
    match one:
        case "\ufe0e" | "\ufe0f":
            return _is_symbol(before) or before in PUNCTUATION or after == KEYCAP
        case "\u200d":
            return _joins_letters(before, after) or (
                _is_symbol(after) and (_is_symbol(before) or before == EMOJI_STYLE)
            )
        case "\u200c":
            return _joins_letters(before, after)
        case "\u00a0" | "\u202f" | "\u2009" | "\u3000":
            return _is_seen(before) and _is_seen(after)
    return False


PUNCTUATION = ("\N{DOUBLE EXCLAMATION MARK}", "\N{EXCLAMATION QUESTION MARK}", "\N{WAVY DASH}")
"""Emoji that Unicode takes for punctuation."""


def _is_seen(one: str) -> bool:
    return one != "" and one != " " and one.isprintable() and one not in BLANK


FLAGS = [
    "\N{WAVING BLACK FLAG}" + "".join(chr(0xE0000 + ord(one)) for one in region) + "\U000e007f"
    for region in ("gbeng", "gbsct", "gbwls")
]
"""Emoji that are written with tags (Unicode's emoji-sequences.txt)."""


def _is_of_flag(text: str, at: int) -> bool:
    start = text.rfind(FLAGS[0][0], max(0, at - len(FLAGS[0])), at)
    return start >= 0 and text.startswith(tuple(FLAGS), start) and at < start + len(FLAGS[0])


def _is_symbol(one: str) -> bool:
    return one != "" and one not in BLANK and unicodedata.category(one) in {"So", "Sk", "Sm"}


def _joins_letters(before: str, after: str) -> bool:
    """Return whether a joiner is where a script uses it: in Arabic, or at a virama (RFC 5892).

    Bengali has it before a virama, Malayalam also at the end of a word.
    """
    if not before:
        return False
    around = [before, after] if after else [before]
    is_at_virama = VIRAMA in map(unicodedata.combining, around)
    return is_at_virama or [*map(unicodedata.bidirectional, around)] == ["AL", "AL"]


def reference_to(character: str) -> str:
    return f"&#{ord(character)};"
