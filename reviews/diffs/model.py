"""The parts of a diff. Every line of the input is in exactly one of these, unchanged."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from reviews.diffs.problems import Problem

LineKind = Literal["add", "del", "same", "end", "stray"]
LineEnd = Literal["LF", "CRLF", ""]
Change = Literal["changed", "added", "deleted", "renamed", "copied"]
Role = Literal["notes", "binary", "properties", "foreign"]


class Range(NamedTuple):
    """The lines of one side that a hunk covers, as its header says."""

    start: int
    length: int

    @property
    def first(self) -> int:
        """Return the first line; an empty range names the line before it."""
        return self.start if self.length else self.start + 1

    @property
    def end(self) -> int:
        """Return the line after the last."""
        return self.first + self.length


class Line(NamedTuple):
    r"""A line of a hunk; `old` and `new` are its numbers in the file before and after.

    `end` is how the line ends in the file, or "" if the diff does not show it. The kind "end" is
    git's "\ No newline at end of file"; a "stray" line has no sign.
    """

    kind: LineKind
    sign: str
    text: str
    old: int | None = None
    new: int | None = None
    end: LineEnd = ""


@dataclass(slots=True)
class Hunk:
    """A block of changes.

    `header` is None if the diff has none. `olds` and `new` are None if the header has no numbers; a
    combined diff has several `olds`, one for each parent.
    """

    header: str | None
    olds: tuple[Range, ...] | None = None
    new: Range | None = None
    body: list[str] = field(default_factory=list)
    added: int = 0
    removed: int = 0
    problems: list[Problem] = field(default_factory=list)
    at: int = 0
    """Where its lines begin among those of the diff, from 0."""
    is_last: bool = False
    """Whether the diff ends with this hunk, and without the end of a line."""

    @property
    def raw(self) -> list[str]:
        return self.body if self.header is None else [self.header, *self.body]

    @property
    def parents(self) -> int:
        return len(self.olds) if self.olds else 1

    @property
    def lines(self) -> list[Line]:
        from reviews.diffs.hunks import numbered  # it builds the classes declared here

        return list(numbered(self))


@dataclass(slots=True)
class Notes:
    """Lines of a file that do not belong to a hunk."""

    body: list[str]
    role: Role = "notes"
    at: int = 0

    @property
    def raw(self) -> list[str]:
        return self.body


@dataclass(slots=True)
class Text:
    """Lines around the patch: a mail, a commit message, a signature."""

    body: list[str]
    problems: list[Problem] = field(default_factory=list)
    at: int = 0

    @property
    def name(self) -> str:
        """Return "": text has no header, but has the same interface as a file."""
        return ""

    @property
    def names(self) -> list[str]:
        return []

    @property
    def header(self) -> list[str]:
        return []

    @property
    def bodies(self) -> list[list[str]]:
        return [self.body]

    @property
    def all_problems(self) -> list[Problem]:
        return self.problems

    @property
    def raw(self) -> list[str]:
        return self.body


@dataclass(slots=True)
class File:
    """The changes of a diff to one file.

    `old_name` and `new_name` are "" if the file does not exist, or if no header names it.
    """

    header: list[str] = field(default_factory=list)
    parts: list[Hunk | Notes] = field(default_factory=list)
    old_name: str = ""
    new_name: str = ""
    change: Change = "changed"
    old_mode: str = ""
    new_mode: str = ""
    binary: bool = False
    problems: list[Problem] = field(default_factory=list)

    @property
    def name(self) -> str:
        return self.new_name or self.old_name

    @property
    def names(self) -> list[str]:
        """Return the name, or both names of a renamed or copied file."""
        return [name for name in dict.fromkeys((self.old_name, self.new_name)) if name]

    @property
    def bodies(self) -> list[list[str]]:
        """Return the lines of each part."""
        return [part.body for part in self.parts]

    @property
    def hunks(self) -> list[Hunk]:
        return [part for part in self.parts if isinstance(part, Hunk)]

    @property
    def added(self) -> int:
        return sum(hunk.added for hunk in self.hunks)

    @property
    def removed(self) -> int:
        return sum(hunk.removed for hunk in self.hunks)

    @property
    def all_problems(self) -> list[Problem]:
        """Return the file's problems, and those of its hunks."""
        return self.problems + [one for hunk in self.hunks for one in hunk.problems]

    @property
    def raw(self) -> list[str]:
        return self.header + [line for part in self.parts for line in part.raw]


@dataclass(slots=True)
class Diff:
    """A whole diff: its files, and the text around them, in order."""

    sections: list[File | Text]

    @property
    def files(self) -> list[File]:
        return [one for one in self.sections if isinstance(one, File)]

    @property
    def problems(self) -> list[Problem]:
        return list(self._problems())

    def _problems(self) -> Iterator[Problem]:
        for one in self.sections:
            yield from one.all_problems
