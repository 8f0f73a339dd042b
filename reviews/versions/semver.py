"""Semantic versions, https://semver.org/#spec-item-11, and versions that also order builds."""

import re
from typing import Any

from reviews.versions.errors import NotAVersion

_IDENTIFIERS = r"[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*"
_FORM = re.compile(
    r"v?(?P<numbers>[0-9]+(?:\.[0-9]+)*)"
    rf"(?:-(?P<pre>{_IDENTIFIERS}))?(?:\+(?P<build>{_IDENTIFIERS}))?",
    re.ASCII,
)
MOST_NUMBERS = 3


def key(version: str) -> Any:
    """Order by the numbers, then a pre-release before its release; ignore builds.

    A leading "v" and missing last numbers are read as Go's and npm's tools read them.
    """
    numbers, pre, _build = parts(version, most=MOST_NUMBERS)
    return numbers, pre_release_key(pre)


def loose_key(version: str) -> Any:
    """Order as `key` does, with any number of numbers: 2023.03.13, 1.2.3.4."""
    numbers, pre, _build = parts(version)
    return numbers, pre_release_key(pre)


def build_key(version: str) -> Any:
    """Order as Rust's and Dart's tools do: a build comes after the version without one."""
    numbers, pre, build = parts(version, most=MOST_NUMBERS)
    return numbers, pre_release_key(pre), [identifier_key(one) for one in build]


def parts(version: str, most: int | None = None) -> tuple[list[int], list[str], list[str]]:
    """Return numbers (at least three, no further zeros), pre-release parts and build parts."""
    found = _FORM.fullmatch(version)
    if found is None:
        raise NotAVersion(version)
    numbers = [int(number) for number in found["numbers"].split(".")]
    if most is not None and len(numbers) > most:
        raise NotAVersion(version)
    while len(numbers) > MOST_NUMBERS and numbers[-1] == 0:
        numbers.pop()
    numbers += [0] * (MOST_NUMBERS - len(numbers))
    return numbers, _split(found["pre"]), _split(found["build"])


def _split(identifiers: str | None) -> list[str]:
    return identifiers.split(".") if identifiers else []


def pre_release_key(identifiers: list[str]) -> Any:
    """Order versions without a pre-release after every pre-release."""
    return not identifiers, [identifier_key(one) for one in identifiers]


def identifier_key(identifier: str) -> tuple[int, int, str]:
    """Order numbers before words."""
    return (0, int(identifier), "") if identifier.isdigit() else (1, 0, identifier)
