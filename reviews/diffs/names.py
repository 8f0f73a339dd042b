"""The names of files in the headers of a diff."""

import re

NOWHERE = "/dev/null"
PREFIXES = {
    frozenset(pair)
    for pair in ("ab", "iw", "cw", "ci", "ow", "12")  # git's, with diff.mnemonicPrefix too
}
OLD_LETTERS, NEW_LETTERS = "aico1", "bwi2"

QUOTED = re.compile(r'"((?:[^"\\]|\\.)*+)"')  # "+": it never tries a shorter match
ESCAPES = re.compile(r"(?:\\[0-3][0-7]{2})+|\\[abtnvfr\"\\]")
ESCAPED = dict(zip("abtnvfr", "\a\b\t\n\v\f\r", strict=True))
# GNU diff writes a tab before the time; mail programs make a space of it.
TIME = re.compile(r"[ \t][0-9]{4}-[0-9]{2}-[0-9]{2}[ \t][0-9]{2}:[0-9]{2}")


def unquoted(text: str) -> str:
    """Decode the inside of a name as git quotes it: C escapes, and bytes of UTF-8 in octal."""
    return ESCAPES.sub(_decoded, text)


def _decoded(found: "re.Match[str]") -> str:
    codes = found[0]
    if codes[1] not in "0123":
        return ESCAPED.get(codes[1], codes[1])
    octets = bytes(int(code, 8) for code in codes[1:].split("\\"))
    return octets.decode("utf-8", "backslashreplace")


def header_name(text: str) -> str:
    """Return the name in what follows `--- `, `+++ ` or `Index: `, without a time or revision."""
    if text.startswith('"') and (found := QUOTED.match(text)):
        return unquoted(found[1])
    name, tab, _rest = text.partition("\t")
    if tab or " " not in text:
        return name
    if found := TIME.search(text):
        name = text[: found.start()]
    return name.rstrip(" ")


def git_names(text: str) -> tuple[str, str] | None:
    """Return the two names after `diff --git `; None if they are ambiguous."""
    if text.startswith('"') and (found := QUOTED.match(text)):
        return unquoted(found[1]), header_name(text[found.end() :].removeprefix(" "))
    first, quote, _second = text.partition(' "')
    if quote and (found := QUOTED.fullmatch(text, len(first) + 1)):
        return first, unquoted(found[1])
    return _halves(text) or _around_b(text)


def _halves(text: str) -> tuple[str, str] | None:
    """Both names, where they are alike but for a prefix of the same length."""
    middle = len(text) // 2
    first, space, second = text[:middle], text[middle : middle + 1], text[middle + 1 :]
    alike = first == second or first.partition("/")[2] == second.partition("/")[2] != ""
    return (first, second) if space == " " and alike else None


def _around_b(text: str) -> tuple[str, str] | None:
    if text.count(" ") == 1:
        first, _space, second = text.partition(" ")
        return first, second
    if text.startswith("a/") and text.count(" b/") == 1:
        first, _space, second = text.partition(" b/")
        return first, "b/" + second
    return None


def without_prefixes(old: str, new: str) -> tuple[str, str]:
    """Remove what stands for the sides, such as `a/` and `b/`, from a pair of names.

    Where both names begin with the same folder, it is a folder. NOWHERE stays as it is.
    """
    if NOWHERE in (old, new):
        return _bare(old, OLD_LETTERS), _bare(new, NEW_LETTERS)
    (first, slash, rest), (second, other, end) = old.partition("/"), new.partition("/")
    if not (slash and other):
        return old, new
    if frozenset((first, second)) in PREFIXES or (first != second and rest == end):
        return rest, end
    return old, new


def _bare(name: str, letters: str) -> str:
    return name[2:] if name[1:2] == "/" and name[0] in letters else name


def has_prefixes(old: str, new: str) -> bool:
    """Return whether two names can only be a header: git's prefixes before the same name."""
    if old == NOWHERE or new == NOWHERE:
        return without_prefixes(old, new) != (old, new)
    (first, _, rest), (second, _, end) = old.partition("/"), new.partition("/")
    return frozenset((first, second)) in PREFIXES and rest == end != ""
