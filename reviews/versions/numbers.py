"""Lists of numbers, as CRAN and Hackage have them; a list comes before those that go on from it."""

import re
from typing import Any

from reviews.versions.errors import NotAVersion


def cran_key(version: str) -> Any:
    """Order as R's `numeric_version`, where points and dashes are the same."""
    return _key(version, r"[0-9]+(?:[.-][0-9]+)*")


def hackage_key(version: str) -> Any:
    """Order as Haskell's package versioning policy, https://pvp.haskell.org."""
    return _key(version, r"[0-9]+(?:\.[0-9]+)*")


def _key(version: str, form: str) -> list[int]:
    if not re.fullmatch(form, version):
        raise NotAVersion(version)
    return [int(number) for number in re.split(r"[.-]", version)]
