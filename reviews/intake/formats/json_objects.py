"""JSON objects, as far as the lines of a hunk show them."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from reviews.intake.entries import SideLine

TOKEN = re.compile(r'"((?:[^"\\]|\\.)*+)(?:"|$)|([{}\[:,])')
DEEPEST = 100


class Pair(NamedTuple):
    key: str
    value: str
    changed: bool


@dataclass(slots=True)
class Object:
    """An object with its strings; `key` is None if the hunk does not show it."""

    key: str | None
    parents: tuple[str, ...]
    changed: bool
    pairs: list[Pair] = field(default_factory=list)
    is_whole: bool = False

    def get(self, key: str) -> Pair | None:
        return next((one for one in self.pairs if one.key == key), None)


def objects(lines: Sequence[SideLine]) -> Iterator[Object]:
    """Yield the objects in the order of their ends, and last those that the hunk cuts off."""
    reader = _Reader()
    for line in lines:
        yield from reader.read(line)
    while reader.stack:
        yield reader.stack.pop()


class _Reader:
    """Follows braces through a text that may begin and end anywhere."""

    def __init__(self) -> None:
        self.stack = [Object(None, (), False)]
        self._text: tuple[str, bool] | None = None
        self._key: tuple[str, bool] | None = None

    def read(self, line: SideLine) -> Iterator[Object]:
        for found in TOKEN.finditer(line.text):
            match found[2]:
                case None:
                    self._string(found[1].replace("\\/", "/"), line.changed)
                case ":":
                    self._key, self._text = self._text, None
                case "," | "[":
                    self._key = self._text = None
                case "{":
                    self._open(line.changed)
                case "}":
                    yield self._close()

    def _string(self, text: str, changed: bool) -> None:
        if self._key is None:
            self._text = text, changed
        else:
            key, key_changed = self._key
            self.stack[-1].pairs.append(Pair(key, text, changed or key_changed))
            self._key = None

    def _open(self, changed: bool) -> None:
        outer = self.stack[-1]
        parents = (*outer.parents, outer.key) if outer.key is not None else outer.parents
        key, key_changed = self._key or (None, changed)
        self.stack.append(Object(key, parents[-DEEPEST:], key_changed))
        self.stack[:-DEEPEST] = []
        self._key = self._text = None

    def _close(self) -> Object:
        closed = self.stack.pop()
        closed.is_whole = True
        if not self.stack:  # what contains the beginning of the hunk
            self.stack.append(Object(None, (), False))
        self._key = self._text = None
        return closed
