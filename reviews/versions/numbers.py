"""Lists of numbers, as in CRAN and Hackage; a list precedes its own extensions."""

import re
from typing import Any

from reviews.versions.errors import NotAVersion


def cran_key(version: str) -> Any:
    """Order as R's `numeric_version`, where points and dashes are equal."""
    return _key(version, r"[0-9]+(?:[.-][0-9]+)*")


def hackage_key(version: str) -> Any:
    """Order as Haskell's package versioning policy, https://pvp.haskell.org."""
    return _key(version, r"[0-9]+(?:\.[0-9]+)*")


def _key(version: str, form: str) -> list[int]:
    if not re.fullmatch(form, version):
        raise NotAVersion(version)
    return [int(number) for number in re.split(r"[.-]", version)]
