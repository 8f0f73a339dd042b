"""PyPI's order, https://packaging.python.org/specifications/version-specifiers/ (PEP 440)."""

from typing import Any

from packaging.version import InvalidVersion, Version

from reviews.versions.errors import NotAVersion


def key(version: str) -> Any:
    """Order by PEP 440."""
    try:
        return Version(version)
    except InvalidVersion:
        raise NotAVersion(version) from None
