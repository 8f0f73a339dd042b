"""Bound what a decision keeps of what policies saw, however large the APV is."""

from collections.abc import Mapping
from typing import Any

MOST_CHARACTERS = 4_000
"""How much of a text is kept."""
MOST_IN_LIST = 20_000
"""How many characters of the texts of one list are kept."""
CUT = "cut"
"""The key with the names of the facts of which only the beginning was kept."""


def bounded(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return facts of which long ones are cut, with the names of these."""
    kept = {name: _beginning(value) for name, value in facts.items()}
    cut = sorted(name for name, value in kept.items() if value != facts[name])
    return {**kept, CUT: cut} if cut else kept


def _beginning(value: Any) -> Any:
    if isinstance(value, str):
        return value[:MOST_CHARACTERS]
    if isinstance(value, Mapping):
        return {name: _beginning(one) for name, one in value.items()}
    if isinstance(value, list):
        return _first(value)
    return value


def _first(values: list[Any]) -> list[Any]:
    kept, size = [], 0
    for one in map(_beginning, values):
        size += len(str(one))
        if size > MOST_IN_LIST:
            break
        kept.append(one)
    return kept
