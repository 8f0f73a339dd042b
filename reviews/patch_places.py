"""Lines of patches by their place, `file:line`, and where a line of one patch is in the next."""

from collections.abc import Collection, Iterator
from typing import NamedTuple

from reviews.diffs import File, parse
from reviews.models.comment import LONGEST_LINE, Place, Side


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
        yield from _lines_of_file(file)


def _lines_of_file(file: File) -> Iterator[PatchLine]:
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


def sections_of(patch: str, places: Collection[Place]) -> dict[Place, int]:
    """Return in which section of a patch each place is: the first one that shows it."""
    found: dict[Place, int] = {}
    paths = {one.path for one in places}
    for number, section in enumerate(parse(patch).sections if places else ()):
        if isinstance(section, File) and not paths.isdisjoint((section.name, section.old_name)):
            for line in _lines_of_file(section):
                if line.place in places:
                    found.setdefault(line.place, number)
    return found


def old_names(patch: str) -> dict[str, str]:
    """Return the name before the patch of each file that it renames, by the name after it."""
    return {
        one.name: one.old_name
        for one in parse(patch).files
        if one.old_name not in {"", one.name} and one.change != "copied"
    }


class CurrentLines:
    """The lines of a patch by file, side and text, in which those of older ones are found."""

    def __init__(self, patch: str) -> None:
        self._numbers: dict[tuple[str, str, str], list[int]] = {}
        for (path, side, number), text in lines_of(patch):
            self._numbers.setdefault((path, side, text), []).append(number)
        self._new_names = {old: new for new, old in old_names(patch).items()}

    def nearest(self, before: Place, text: str, old_name: str = "") -> Place | None:
        """Return where the unchanged line is, the nearest one if there are several, or None.

        `old_name` is the name that the patch of `before` gave up for another one.
        """
        for path in self._names_of(before, old_name):
            if numbers := self._numbers.get((path, before.side, text)):
                return before._replace(
                    path=path, line=min(numbers, key=lambda one: abs(one - before.line))
                )
        return None

    def _names_of(self, before: Place, old_name: str) -> Iterator[str]:
        """Yield the names that the file may have now, the likeliest first."""
        for name in (before.path, old_name):
            if name:
                yield name
                if before.side == Side.NEW and name in self._new_names:
                    yield self._new_names[name]
