"""Maven's order, https://maven.apache.org/pom.html#version-order-specification.

If that text and Maven itself differ, this follows Maven 4 (its `ComparableVersion`).
"""

import re
from functools import cmp_to_key
from itertools import zip_longest
from typing import Any, NamedTuple, Union

from reviews.versions.errors import NotAVersion

_QUALIFIERS = ("alpha", "beta", "milestone", "rc", "snapshot", "", "sp")
_RELEASE = (_QUALIFIERS.index(""), "")
_RELEASES = frozenset(["ga", "final", "release"])
_LONG = {"a": "alpha", "b": "beta", "m": "milestone"}
_PARTS = re.compile(r"[.-]|[0-9]+|[^.0-9-]+")
DEEPEST = 100
"""Lists inside lists; no published version comes near."""


class Word(NamedTuple):
    """A qualifier, and the number that belongs to it: rc1, rc-1."""

    text: str
    number: int | None = None

    @property
    def rank(self) -> tuple[int, str]:
        """Return the rank: known qualifiers in their order, then all others alphabetically."""
        if self.text in _RELEASES:
            return _RELEASE
        if self.text in _QUALIFIERS:
            return _QUALIFIERS.index(self.text), ""
        return len(_QUALIFIERS), self.text


Item = Union[int, Word, "list[Item]"]
"""A part of a version: a dash opens a list inside a list."""


def key(version: str) -> Any:
    """Order by numbers, and by qualifiers such as alpha, rc and sp."""
    if not version or any(char.isspace() for char in version):
        raise NotAVersion(version)
    return cmp_to_key(_compare)(_parsed(version.lower()))


# -- Reading ----------------------------------------------------------------------------------


def _parsed(version: str) -> Item:
    parts = _PARTS.findall(version)
    lists: list[list[Item]] = [[]]
    at, after_separator = 0, True
    while at < len(parts):
        is_separator = parts[at] in ".-"
        if is_separator:
            _read_separator(parts[at], after_separator, lists)
            at += 1
        else:
            at += _read_item(parts[at], parts[at + 1 : at + 3], lists)
            if at < len(parts) and parts[at] not in ".-":
                _open_list(lists)
        after_separator = is_separator
    for one in reversed(lists):
        _normalise(one)
    return lists[0]


def _read_separator(separator: str, after_separator: bool, lists: list[list[Item]]) -> None:
    if after_separator:
        lists[-1].append(0)
    if separator == "-":
        _open_list(lists)


def _read_item(text: str, following: list[str], lists: list[list[Item]]) -> int:
    """Add a number, or a qualifier with the number after it; return how many parts that took."""
    if text.isascii() and text.isdigit():
        lists[-1].append(int(text))
        return 1
    digits = "".join(following[1:] if following[:1] == ["-"] else following[:1])
    if digits.isascii() and digits.isdigit():
        _open_list(lists)
        lists[-1].append(Word(_LONG.get(text, _unaliased(text)), int(digits)))
        return 3 if following[0] == "-" else 2
    if not following:
        _open_list(lists)
    lists[-1].append(Word(_unaliased(text)))
    return 1


def _unaliased(text: str) -> str:
    return "rc" if text == "cr" else text


def _open_list(lists: list[list[Item]]) -> None:
    """Continue in a list inside the last one, unless that is empty."""
    if not lists[-1]:
        return
    if len(lists) == DEEPEST:
        raise NotAVersion("nested too deeply")
    inner: list[Item] = []
    lists[-1].append(inner)
    lists.append(inner)


def _normalise(items: list[Item]) -> None:
    """Remove zeros at the end and before a qualifier."""
    for at in reversed(range(len(items))):
        if items[at] not in (0, []):
            continue
        following = items[at + 1] if at + 1 < len(items) else None
        if isinstance(following, list):
            following = following[0]
        if following is None or isinstance(following, Word):
            del items[at]


# -- Comparing --------------------------------------------------------------------------------


def _compare(one: Item | None, other: Item | None) -> int:
    """Return -1, 0 or 1; None stands for an item that the shorter list lacks."""
    if one is None or other is None:
        return _with_nothing(one) if other is None else -_with_nothing(other)
    if isinstance(one, list) and isinstance(other, list):
        pairs = zip_longest(one, other)
        return next((order for pair in pairs if (order := _compare(*pair))), 0)
    if isinstance(one, Word) and isinstance(other, Word):
        return _sign(_key_of(one), _key_of(other))
    if isinstance(one, int) and isinstance(other, int):
        return _sign(one, other)
    return _sign(_rank_of_kind(one), _rank_of_kind(other))


def _with_nothing(item: Item | None) -> int:
    if isinstance(item, list):
        return next((order for one in item if (order := _with_nothing(one))), 0)
    if isinstance(item, Word):
        return _sign(item.rank, _RELEASE)
    return 1 if item else 0


def _key_of(word: Word) -> Any:
    return word.rank, word.number is not None, word.number or 0


def _rank_of_kind(item: Item) -> int:
    """Order numbers after lists, and lists after qualifiers."""
    return 2 if isinstance(item, int) else 1 if isinstance(item, list) else 0


def _sign(one: Any, other: Any) -> int:
    return int(one > other) - int(one < other)
