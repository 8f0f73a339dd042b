"""Lists that continue for ever with the same filling."""

from collections.abc import Sequence
from functools import total_ordering
from itertools import zip_longest
from typing import Any


@total_ordering
class Padded:
    """A list that compares as if it were followed by `filling` for ever."""

    def __init__(self, parts: Sequence[Any], filling: Any) -> None:
        self.parts = parts
        self.filling = filling

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Padded) and not (self < other or other < self)

    def __lt__(self, other: "Padded") -> bool:
        for mine, theirs in zip_longest(self.parts, other.parts, fillvalue=self.filling):
            if mine != theirs:
                return bool(mine < theirs)
        return False

    __hash__ = None  # type: ignore[assignment]  # equal lists may differ in length
