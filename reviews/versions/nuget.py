"""NuGet's order, https://learn.microsoft.com/nuget/concepts/package-versioning."""

from typing import Any

from reviews.versions import semver
from reviews.versions.errors import NotAVersion

MOST_NUMBERS = 4


def key(version: str) -> Any:
    """Order as semantic versions, with four numbers, and ignore case."""
    if version[:1] in "vV":
        raise NotAVersion(version)
    numbers, pre, _build = semver.parts(version.lower(), most=MOST_NUMBERS)
    return numbers, semver.pre_release_key(pre)
