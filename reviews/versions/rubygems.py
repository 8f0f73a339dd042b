"""RubyGems' order, https://docs.ruby-lang.org/en/master/Gem/Version.html."""

import re
from typing import Any

from reviews.versions.errors import NotAVersion
from reviews.versions.padded import Padded

_FORM = re.compile(r"[0-9]+(?:\.[0-9a-zA-Z]+)*(?:-[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?")
_ZERO = (1, 0, "")


def key(version: str) -> Any:
    """Order by the segments: words before numbers, and missing segments are 0."""
    if not _FORM.fullmatch(version):
        raise NotAVersion(version)
    segments = re.findall(r"[0-9]+|[a-zA-Z]+", version.replace("-", ".pre."))
    keys = [(1, int(one), "") if one.isdigit() else (0, 0, one) for one in segments]
    first_word = next((at for at, one in enumerate(keys) if one[0] == 0), len(keys))
    return Padded(_without_zeros(keys[:first_word]) + _without_zeros(keys[first_word:]), _ZERO)


def _without_zeros(keys: list[tuple[int, int, str]]) -> list[tuple[int, int, str]]:
    """Remove zeros at the end and before the first word, which make no difference."""
    while keys and keys[-1] == _ZERO:
        keys = keys[:-1]
    return keys
