"""How far a version moves: by its first, its second or a later number."""

import re
from enum import StrEnum
from functools import lru_cache

from reviews.versions.ecosystems import order_of


class Step(StrEnum):
    MAJOR = "major"
    MINOR = "minor"
    PATCH = "patch"
    DOWNGRADE = "downgrade"
    """To a lower version, by whatever number."""


_FORM = re.compile(r"(?:(?P<epoch>[0-9]+)[:!])?v?(?P<numbers>[0-9]+(?:[.][0-9]+)*)", re.ASCII)
_NAMES = (Step.MAJOR, Step.MINOR)


@lru_cache(maxsize=1_000)  # many APVs move one package between the same versions
def step_of(ecosystem: str, old: str, new: str) -> Step | None:
    """Return the step between two versions; None if they have no order, or are equal.

    The ecosystem's own order says which is higher. A change of the epoch is a major step, and one
    of anything after the numbers a patch.
    """
    compared = order_of(ecosystem).compare(old, new)
    if not compared:
        return None
    if compared > 0:
        return Step.DOWNGRADE
    before, after = _numbers(old), _numbers(new)
    if before is None or after is None:
        return None
    if before[0] != after[0]:
        return Step.MAJOR
    pairs = zip(before[1], after[1], _NAMES, strict=False)
    return next((name for one, other, name in pairs if one != other), Step.PATCH)


def _numbers(version: str) -> tuple[int, list[int]] | None:
    """Return the epoch and the numbers that a version starts with, at least two."""
    found = _FORM.match(version)
    if found is None:
        return None
    try:
        numbers = [int(number) for number in found["numbers"].split(".")]
        return int(found["epoch"] or 0), [*numbers, 0]
    except ValueError:  # more digits than Python parses
        return None
