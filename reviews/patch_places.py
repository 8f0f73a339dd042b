"""Lines of patches by their place, `file:line`, and where a line of one patch is in the next."""

from collections.abc import Iterator
from typing import NamedTuple

from reviews.diffs import parse
from reviews.models.comment import LONGEST_LINE, Side


class Place(NamedTuple):
    """A line of a patch: `path:12` is one as the patch leaves it, `path:-12` a removed one."""

    path: str
    side: Side
    line: int


class PatchLine(NamedTuple):
    """A line with its place and the first characters of its text."""

    place: Place
    text: str


def read_place(text: str) -> Place | None:
    """Return the place that a person wrote as `file:line`, None if it is none."""
    path, _colon, number = text.strip().rpartition(":")
    digits = number.removeprefix("-")
    if not (path and digits.isascii() and digits.isdigit() and len(digits) < 10):
        return None
    return Place(path, Side.OLD if number.startswith("-") else Side.NEW, int(digits))


def lines_of(patch: str) -> Iterator[PatchLine]:
    """Yield the lines of a patch that have a number, removed ones as on the old side."""
    for file in parse(patch).files:
        for hunk in file.hunks:
            for line in hunk.lines:
                side = Side.OLD if line.kind == "del" else Side.NEW
                number = line.old if side == Side.OLD else line.new
                if number is not None:
                    path = (file.old_name if side == Side.OLD else "") or file.name
                    yield PatchLine(Place(path, side, number), line.text[:LONGEST_LINE])


def line_at(patch: str, place: Place) -> PatchLine | None:
    """Return the line of a patch at a place, None if the patch does not show it."""
    return next((one for one in lines_of(patch) if one.place == place), None)


class CurrentLines:
    """The lines of a patch by file, side and text, in which those of older ones are found."""

    def __init__(self, patch: str) -> None:
        self._numbers: dict[tuple[str, str, str], list[int]] = {}
        for (path, side, number), text in lines_of(patch):
            self._numbers.setdefault((path, side, text), []).append(number)

    def nearest(self, path: str, side: str, line: int, text: str) -> int | None:
        """Return where the unchanged line is, the nearest one if there are several, or None."""
        numbers = self._numbers.get((path, side, text), ())
        return min(numbers, key=lambda number: abs(number - line), default=None)
