"""Versions and ranges of versions, as manifests and bots write them."""

import re

ANY = "*"
"""The range of a dependency that is asked for without a version."""
_V = re.compile(r"v(?=[0-9])", re.IGNORECASE)
_CLAUSE = re.compile(r"(===|==|~=|~>|!=|<=|>=|\^|~|<|>|=)?\s*([^\s,<>=~^!]+)")
_AT_LEAST = frozenset([None, "===", "==", "=", "~=", "~>", ">=", "^", "~"])
_INTERVAL = re.compile(r"\[\s*([^\s,\[\]()]+)\s*(?:,[^\[\]()]*)?[\])]")
_WILD = re.compile(r"(?:\.(?:x|\*))+$", re.IGNORECASE)
_HEX = re.compile(r"[0-9a-f]{7,64}")
_SEPARATORS = (".", "-", "+", "_")


def without_v(version: str) -> str:
    """Return `v1.2` as `1.2`, as registries and advisories write it."""
    return version[1:] if _V.match(version) else version


def lowest(version: str) -> str | None:
    """Return the lowest version that a range allows, or the version itself; None if there is none.

    It is 2.2.1 for ">=2.2.1,<2.4" and 1.2 for "^1.2"; "<3" has none.
    """
    text = version.strip()
    if "|" in text or text in {"", ANY}:
        return None
    if text[0] in "[(":
        interval = _INTERVAL.fullmatch(text)
        return interval[1] if interval else None
    bounds = [number for sign, number in clauses(text) if sign in _AT_LEAST]
    found = without_v(_WILD.sub("", bounds[0])) if bounds else ""
    return found if found[:1].isdigit() else None


def clauses(version: str) -> list[tuple[str | None, str]]:
    """Return the parts of a range, each with its sign and its version."""
    return [(found[1], found[2]) for found in _CLAUSE.finditer(version)]


def is_range(version: str) -> bool:
    return lowest(version) != version


def same(one: str, other: str) -> bool:
    """Return whether two texts mean the same version or range, with clauses in any order."""
    if without_v(one) == without_v(other):
        return True
    parts = [
        sorted((sign or "", without_v(number)) for sign, number in clauses(text))
        for text in (one, other)
    ]
    return parts[0] == parts[1] and bool(parts[0])


def agrees(stated: str, found: str, digest: str = "") -> bool:
    """Return whether a machine's statement agrees with the diff.

    Renovate's titles say `v6` for 6.0.2, and seven digits of a commit.
    """
    stated, found = without_v(stated), without_v(found)
    if same(stated, found) or stated == lowest(found):
        return True
    if _HEX.fullmatch(stated):
        return found.startswith(stated) or digest.removeprefix("sha256:").startswith(stated)
    begins = tuple(stated + one for one in _SEPARATORS)
    return stated[:1].isdigit() and (lowest(found) or found).startswith(begins)
