"""Names of packages, and which of them registries treat as the same."""

import re
from functools import lru_cache

from packaging.utils import canonicalize_name

from reviews.versions import registry_of

IN_ANY_CASE = frozenset(["nuget", "packagist", "github actions", "vscode", "hex", "pub"])
"""Registries that ignore case. Those of Go, npm, Maven, RubyGems and CRAN do not."""


def canonical(ecosystem: str, name: str) -> str:
    """Return the name as its registry shows it.

    PyPI shows normalised names (https://packaging.python.org/specifications/name-normalization/),
    Packagist lower case; NuGet and crates.io show what the author wrote.
    """
    name = name.strip()
    match registry_of(ecosystem):
        case "pypi":
            return canonicalize_name(name)
        case "packagist" | "hex" | "pub":
            return name.lower()
    return name


@lru_cache(maxsize=10_000)  # of one package it is asked for ten times in a row
def identity(ecosystem: str, name: str) -> tuple[str, str]:
    """Return the ecosystem and name of a package, equal for two spellings of one package."""
    registry, name = registry_of(ecosystem), canonical(ecosystem, name)
    if registry in IN_ANY_CASE:
        name = name.lower()
    elif registry == "crates.io":  # https://doc.rust-lang.org/cargo/reference/registry-index.html
        name = re.sub("_", "-", name.lower())
    return ecosystem.strip().lower(), name


LONGEST_KEY = 500
"""What an index of PostgreSQL takes of a key in any letters."""


def search_key(ecosystem: str, name: str) -> str:
    """Return a text under which a package is found; two packages may share a cut one."""
    return ":".join(identity(ecosystem, name))[:LONGEST_KEY]
