"""Composer's order for Packagist, https://getcomposer.org/doc/articles/versions.md."""

import re
from typing import Any

from reviews.versions.errors import NotAVersion

_STABILITIES = r"stable|beta|b|RC|alpha|a|patch|pl|p"
_MODIFIER = rf"(?:[._-]?(?P<word>{_STABILITIES})(?P<counts>(?:[.-]?[0-9]+)*+))?(?P<dev>[.-]?dev)?"
_BUILD = r"(?:\+\S*)?"
_CLASSICAL = re.compile(
    rf"v?(?P<numbers>[0-9]{{1,5}}(?:\.[0-9]+){{0,3}}){_MODIFIER}{_BUILD}", re.IGNORECASE
)
_DATED = re.compile(
    r"v?(?P<numbers>[0-9]{4}(?:[.:-]?[0-9]{2}){1,6}(?:[.:-]?[0-9]{1,3}){0,2})" + _MODIFIER + _BUILD,
    re.IGNORECASE,
)
_RANKS = {"dev": 0, "a": 1, "b": 2, "r": 3, "p": 6}
_END, _NUMBER = (4,), 5
LEAST_NUMBERS = 4


def key(version: str) -> Any:
    """Order what Composer makes of a version as version_compare does. Branches have no order."""
    if found := _CLASSICAL.fullmatch(version):
        numbers = _numbers(found["numbers"])
        numbers += [0] * (LEAST_NUMBERS - len(numbers))
    elif found := _DATED.fullmatch(version):
        numbers = _numbers(found["numbers"])
    else:
        raise NotAVersion(version)
    return [*((_NUMBER, number) for number in numbers), *_modifier_key(found), _END]


def _modifier_key(found: re.Match[str]) -> list[tuple[int, ...]]:
    word = (found["word"] or "").lower()
    tokens: list[tuple[int, ...]] = []
    if word and word != "stable":
        tokens.append((_RANKS[word[0]],))
        tokens += [(_NUMBER, number) for number in _numbers(found["counts"])]
    return [*tokens, (_RANKS["dev"],)] if found["dev"] else tokens


def _numbers(text: str) -> list[int]:
    return [int(digits) for digits in re.findall(r"[0-9]+", text)]
