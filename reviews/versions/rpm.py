"""RPM's order, https://rpm-software-management.github.io/rpm/man/rpm-version.7."""

import re
from typing import Any

from reviews.versions.errors import NotAVersion

_FORM = re.compile(r"(?:(?P<epoch>[0-9]*):)?(?P<version>.*?)(?:-(?P<release>[^-]*))?")
_SEGMENTS = re.compile(r"~|\^|[0-9]+|[A-Za-z]+")
_END = (1,)


def key(version: str) -> Any:
    """Order by epoch, then version, then release; no release comes before any."""
    found = _FORM.fullmatch(version)
    if found is None or not found["version"] or any(char.isspace() for char in version):
        raise NotAVersion(version)
    release = found["release"]
    return (
        int(found["epoch"] or 0),
        segments_key(found["version"]),
        release is not None,
        segments_key(release or ""),
    )


def segments_key(text: str) -> Any:
    """Order as rpmvercmp does: tilde, end, caret, letters, numbers; separators do not count."""
    return [*map(_segment_key, _SEGMENTS.findall(text)), _END]


def _segment_key(segment: str) -> tuple[Any, ...]:
    if segment in "~^":
        return (0,) if segment == "~" else (2,)
    return (4, int(segment)) if segment.isdigit() else (3, segment)
