"""A diff as the console shows it: a page of files, as many open as a browser can show.

A page has a limited number of files, rows and characters, however long the diff is. The rest is
folded, and read when the reader unfolds it. A file that is too long for a page comes in parts.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice

from reviews.console.comment_state import Talk, Thread
from reviews.console.diff_rows import (
    LONGEST,
    Options,
    Planned,
    Row,
    Sides,
    colour,
    ends_of_sides,
    made,
    plan,
)
from reviews.console.diff_words import change_in_words, ends_in_words, problem_in_words
from reviews.console.invisible_characters import reveal
from reviews.diffs import Diff, File, Text, parse
from reviews.models.comment import Place, Side
from reviews.patch_places import sections_of

MOST_FILES = 100
"""Files and texts on a page."""
MOST_ROWS = 1_000
MOST_CHARACTERS = 200_000
"""Characters of lines on a page."""
MOST_HEADER = 50
"""Lines of a header that are shown: data of binary files stand there too."""
ROWS_BEFORE = 10
"""Rows that are shown before a line that a link leads to."""


@dataclass
class Section:
    """A file, or text around the files, with its rows to show.

    `more` is the first row that is not shown, or None.
    """

    number: int
    about: File | Text
    options: Options
    talk: Talk = field(default_factory=dict)
    rows: list[Sides] = field(default_factory=list)
    more: int | None = None

    @property
    def is_file(self) -> bool:
        return isinstance(self.about, File)

    @property
    def is_open(self) -> bool:
        return self.more != 0

    @property
    def name(self) -> str:
        """Return the name, or both names of a renamed or copied file."""
        return " → ".join(self.about.names)

    @property
    def old_name(self) -> str:
        """Return the name in which removed lines are counted."""
        return (isinstance(self.about, File) and self.about.old_name) or self.about.name

    @property
    def comment_count(self) -> int:
        return sum(len(one.comments) for one in self.talk.values())

    @property
    def change(self) -> str:
        return change_in_words(self.about) if isinstance(self.about, File) else ""

    @cached_property
    def ends(self) -> tuple[set[str], set[str]]:
        """Return how lines end before and after."""
        return ends_of_sides(self.about) if isinstance(self.about, File) else (set(), set())

    @property
    def ends_in_words(self) -> str:
        return ends_in_words(*self.ends)

    @property
    def problems(self) -> list[str]:
        """Return the problems of the whole file; those of hunks and of text are rows."""
        return [problem_in_words(one) for one in self.about.problems] if self.is_file else []

    @cached_property
    def problem_count(self) -> int:
        return len(self.about.all_problems)

    @property
    def header(self) -> list[str]:
        lines = self.about.header[:MOST_HEADER]
        return [reveal(line.removesuffix("\r")[:LONGEST]) for line in lines]

    @property
    def header_count(self) -> int:
        return len(self.about.header)

    @property
    def length(self) -> int:
        """Return the number of lines."""
        return sum(len(part) for part in self.about.bodies)

    @property
    def only_space(self) -> int:
        """Return how many of its rows are shown as unchanged."""
        return sum(bool(new and new.only_space) for _old, new in self.rows)

    def read(self, start: int = 0) -> None:
        """Read as many rows as a page shows, from the row `start` on."""
        old, new = self.ends
        self.rows, self.more, characters, talk = [], None, 0, dict(self.talk)
        for at, planned in enumerate(islice(plan(self.about, self.options), start, None), start):
            if len(self.rows) >= MOST_ROWS or characters > MOST_CHARACTERS:
                self.more = at
                return
            row = made(planned, old | new)
            _attach(talk, row)
            self.rows.append(row)
            characters += max(len(cell.text) for cell in row if cell)


def _attach(talk: dict[tuple[str, int], Thread], row: Sides) -> None:
    """Put each thread at the first row that has its line."""
    left, right = row
    _take(talk, left, Side.OLD, left.old if left else None)
    _take(talk, right, Side.NEW, right.new if right else None)


def _take(
    talk: dict[tuple[str, int], Thread], row: Row | None, side: Side, line: int | None
) -> None:
    if row and line is not None and (thread := talk.pop((side, line), None)):
        row.threads.append(thread)


@dataclass
class Page:
    """A page of a diff: its sections from `first` on."""

    diff: Diff
    options: Options
    digest: str
    """Names what is shown, for a browser that keeps which files were viewed."""
    first: int = 0
    sections: list[Section] = field(default_factory=list)

    @cached_property
    def all_files(self) -> list[File]:
        return self.diff.files

    @property
    def added(self) -> int:
        return sum(one.added for one in self.all_files)

    @property
    def removed(self) -> int:
        return sum(one.removed for one in self.all_files)

    @property
    def files(self) -> list[Section]:
        return [one for one in self.sections if one.is_file]

    @property
    def contradicted(self) -> list[Section]:
        """Return the sections of the page with problems."""
        return [one for one in self.sections if one.problem_count]

    @cached_property
    def problem_count(self) -> int:
        return len(self.diff.problems)

    @property
    def before(self) -> int | None:
        """Return the first section of the previous page, or None."""
        return max(0, self.first - MOST_FILES) if self.first else None

    @property
    def after(self) -> int | None:
        after = self.first + MOST_FILES
        return after if after < len(self.diff.sections) else None


def page_of(
    text: str, options: Options, first: int = 0, talk: Mapping[int, Talk] | None = None
) -> Page:
    """Read a diff, and open as many files, from the section `first` on, as a page shows.

    `talk` has the threads of comments by section.
    """
    page = Page(parse(text), options, hashlib.sha256(text.encode()).hexdigest()[:16], first)
    found = page.diff.sections[first : first + MOST_FILES]
    talk = talk or {}
    page.sections = [
        Section(at, one, options, talk.get(at, {})) for at, one in enumerate(found, first)
    ]
    _open(page.sections)
    return page


def _open(sections: Sequence[Section]) -> None:
    rows, characters = MOST_ROWS, MOST_CHARACTERS
    for section in sections:
        length, size = section.length, _size(section.about)
        if section is sections[0] or (length <= rows and size <= characters):
            section.read()
            rows, characters = rows - length, characters - size
        else:
            section.more = 0
    colour([(section.about.name, section.rows) for section in sections])


def _size(about: File | Text) -> int:
    return sum(min(len(text), LONGEST) for body in about.bodies for text in body)


def section_of(
    text: str, options: Options, number: int, start: int, talk: Mapping[int, Talk] | None = None
) -> Section | None:
    """Read one section of a diff from a row on; None if it does not exist."""
    sections = parse(text).sections
    if not 0 <= number < len(sections):
        return None
    section = Section(number, sections[number], options, (talk or {}).get(number, {}))
    section.read(start)
    colour([(section.about.name, section.rows)])
    return section


def row_of(text: str, options: Options, place: Place) -> tuple[int, int] | None:
    """Return a section and a row shortly before a line in it; None if the diff lacks the line."""
    number = sections_of(text, {place}).get(place)
    if number is None:
        return None
    rows = enumerate(plan(parse(text).sections[number], options))
    at = next((at for at, one in rows if _is_at(one, place)), 0)
    return number, max(0, at - ROWS_BEFORE)


def _is_at(planned: Planned, place: Place) -> bool:
    left, right = planned.cells or (None, None)
    if place.side == Side.OLD:
        return left is not None and left.old == place.line
    return right is not None and right.new == place.line


def line_of(text: str, number: int) -> str | None:
    """Return a whole line of a diff by its number; None if it does not exist."""
    lines = text.split("\n")
    return reveal(lines[number - 1].removesuffix("\r")) if 0 < number <= len(lines) else None
