"""Alpine's order, https://man.archlinux.org/man/extra/apk-tools/apk-package.5.en."""

import re
from typing import Any

from reviews.versions.errors import NotAVersion

_BEFORE = ("alpha", "beta", "pre", "rc")
_AFTER = ("cvs", "svn", "git", "hg", "p")
_SUFFIX = rf"_({'|'.join((*_BEFORE, *_AFTER))})([0-9]*)"
_FORM = re.compile(
    r"(?P<numbers>[0-9]+(?:\.[0-9]+)*)(?P<letter>[a-z]?)"
    rf"(?P<suffixes>(?:{_SUFFIX})*)(?:~(?P<hash>[0-9a-f]+))?(?:-r(?P<build>[0-9]+))?"
)
_PRE, _END, _BUILD, _HASH, _SUFFIX_NUMBER, _POST, _LETTER, _NUMBER = range(8)
"""What a version goes on with where another goes on otherwise: the later, the newer."""


def key(version: str) -> Any:
    """Order by numbers, letter, suffixes, commit and build."""
    found = _FORM.fullmatch(version)
    if found is None:
        raise NotAVersion(version)
    first, *others = found["numbers"].split(".")
    return [
        (_NUMBER, 1, int(first), ""),
        *map(_number_key, others),
        *([(_LETTER, found["letter"])] if found["letter"] else []),
        *_suffix_keys(found["suffixes"]),
        *([(_HASH, found["hash"])] if found["hash"] else []),
        *([(_BUILD, int(found["build"]))] if found["build"] else []),
        (_END,),
    ]


def _number_key(digits: str) -> tuple[int, int, int, str]:
    """Return the key of numbers; those with a leading zero compare as decimal fractions do."""
    return (_NUMBER, 0, 0, digits) if digits.startswith("0") else (_NUMBER, 1, int(digits), "")


def _suffix_keys(text: str) -> list[tuple[int, int]]:
    keys = []
    for word, number in re.findall(_SUFFIX, text):
        is_before = word in _BEFORE
        rank = (_BEFORE if is_before else _AFTER).index(word)
        keys.append((_PRE if is_before else _POST, rank))
        if number:
            keys.append((_SUFFIX_NUMBER, int(number)))
    return keys
