"""A unified diff from outside as files and numbered lines; every line of it is among them."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import groupby, zip_longest
from typing import Literal

from django.utils.html import escape
from django.utils.safestring import SafeString

from reviews.console.colour import coloured
from reviews.console.unseen import reveal

Kind = Literal["add", "del", "same", "hunk", "note"]

HUNK = re.compile(r"^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")
KIND_OF_SIGN: dict[str, Kind] = {"+": "add", "-": "del", " ": "same"}
MOST_LINES = 3_000
"""Longer diffs are shown as plain text: a row per line would overwhelm a browser."""


@dataclass(frozen=True)
class Line:
    """One line; `old` and `new` are its numbers in the file before and after."""

    kind: Kind
    text: str
    old: int | None = None
    new: int | None = None
    html: str = ""
    only_space: bool = False

    @property
    def sign(self) -> str:
        return {"add": "+", "del": "−", "same": " "}.get(self.kind, "")


@dataclass
class File:
    """What a diff changes in one file; `name` is "" for lines before the first file."""

    name: str
    lines: list[Line] = field(default_factory=list)

    @property
    def added(self) -> int:
        return sum(line.kind == "add" for line in self.lines)

    @property
    def removed(self) -> int:
        return sum(line.kind == "del" for line in self.lines)

    @property
    def only_space(self) -> int:
        """How many lines were added that differ from a removed one in white space only."""
        return sum(line.kind == "add" and line.only_space for line in self.lines)

    def ignoring_space(self) -> "File":
        """The file with such lines as if they had not changed."""
        kept = [line for line in self.lines if not (line.kind == "del" and line.only_space)]
        lines = [replace(line, kind="same") if line.only_space else line for line in kept]
        return File(self.name, lines)

    @property
    def pairs(self) -> list[tuple[Line | None, Line | None]]:
        """The lines side by side: before and after."""
        return [pair for block in _blocks(self.lines) for pair in _side_by_side(block)]


def files_of(diff: str) -> list[File]:
    """The files of a diff, their lines as coloured HTML."""
    shown = reveal(diff.replace("\r\n", "\n"))
    files = _parse(shown)
    html = _in_html(files)
    return [_finish(one, lines) for one, lines in zip(files, html, strict=True)]


def is_long(diff: str) -> bool:
    """Whether a diff is too long to be shown line by line."""
    return diff.count("\n") > MOST_LINES


# -- Reading ----------------------------------------------------------------------------------


class _Reader:
    """Where a parser stands: the file, and how many lines its hunk still holds on each side."""

    def __init__(self) -> None:
        self.files = [File("")]
        self.old = self.new = 0
        self.old_left = self.new_left = 0

    @property
    def in_hunk(self) -> bool:
        return self.old_left > 0 or self.new_left > 0

    def take(self, text: str) -> None:
        if not self.in_hunk and self._starts_file(text):
            self.files.append(File(_name(text)))
        elif not self.in_hunk and text.startswith("+++ ") and self._expects_name():
            self.files[-1].name = _name(text) or self.files[-1].name
        self.files[-1].lines.append(self._line(text))

    def _starts_file(self, text: str) -> bool:
        if text.startswith("diff --git "):
            return True
        return text.startswith("--- ") and not self._expects_name()

    def _expects_name(self) -> bool:
        """Whether the file was announced and none of its hunks came yet."""
        lines = self.files[-1].lines
        return bool(lines) and all(line.kind == "note" for line in lines) and len(self.files) > 1

    def _line(self, text: str) -> Line:
        if not self.in_hunk:
            if found := HUNK.match(text):
                self._begin(found)
                return Line("hunk", text)
            if text.startswith(("+++ ", "--- ")):
                return Line("note", text)
        kind = KIND_OF_SIGN.get(text[:1], "note")
        if not self.in_hunk and kind == "same":
            kind = "note"
        return self._numbered(kind, text)

    def _begin(self, found: "re.Match[str]") -> None:
        old, old_left, new, new_left = found.groups()
        self.old, self.new = int(old), int(new)
        self.old_left, self.new_left = int(old_left or 1), int(new_left or 1)

    def _numbered(self, kind: Kind, text: str) -> Line:
        if kind == "note" and text == "" and self.in_hunk:
            kind = "same"  # some tools drop the space of an empty line
        if kind == "note":
            return Line("note", text)
        is_old, is_new = kind in {"del", "same"}, kind in {"add", "same"}
        numbered = self.in_hunk
        line = Line(
            kind,
            text[1:],
            self.old if is_old and numbered else None,
            self.new if is_new and numbered else None,
        )
        self.old, self.old_left = self.old + is_old, self.old_left - is_old
        self.new, self.new_left = self.new + is_new, self.new_left - is_new
        return line


def _parse(diff: str) -> list[File]:
    reader = _Reader()
    for text in diff.removesuffix("\n").split("\n"):
        reader.take(text)
    return [one for one in reader.files if one.lines]


def _name(text: str) -> str:
    """The path in a header of a file, without the prefix that stands for a side."""
    path = text.split("\t")[0]
    if path.startswith("diff --git "):
        return path.rpartition(" b/")[2]
    path = path[4:].strip()
    return "" if path == "/dev/null" else re.sub(r"^[ab]/", "", path)


# -- Finishing --------------------------------------------------------------------------------


def _finish(one: File, lines: list[Line]) -> File:
    blocks = [_mark_space(block) for block in _blocks(lines)]
    return File(one.name, [line for block in blocks for line in block])


def _blocks(lines: Iterable[Line]) -> Iterator[list[Line]]:
    """Changes that stand together, and what stands between them."""
    for _, block in groupby(lines, key=lambda line: line.kind in {"add", "del"}):
        yield list(block)


def _side_by_side(block: list[Line]) -> Iterator[tuple[Line | None, Line | None]]:
    removed = [line for line in block if line.kind == "del"]
    added = [line for line in block if line.kind == "add"]
    if removed or added:
        yield from zip_longest(removed, added)
    else:
        yield from ((line, line) for line in block)


def _mark_space(block: list[Line]) -> list[Line]:
    """Mark the pairs of a removed and an added line that differ in white space only."""
    pairs = list(_side_by_side(block))
    alike = {
        id(line)
        for old, new in pairs
        if old and new and old is not new and old.text.split() == new.text.split()
        for line in (old, new)
    }
    return [replace(line, only_space=True) if id(line) in alike else line for line in block]


OF_SIDE: tuple[frozenset[Kind], ...] = (frozenset({"del", "same"}), frozenset({"add", "same"}))
"""The lines that a file consists of before, and after."""


def _in_html(files: list[File]) -> Iterator[list[Line]]:
    """The lines of each file with their code coloured, each side as the text it was or becomes."""
    sides = [
        (one.name, [line.text for line in one.lines if line.kind in kinds])
        for one in files
        for kinds in OF_SIDE
    ]
    html = coloured(sides)
    for one, old, new in zip(files, html[::2], html[1::2], strict=True):
        yield list(_with_html(one.lines, iter(old), iter(new)))


def _with_html(
    lines: list[Line], old: Iterator[SafeString], new: Iterator[SafeString]
) -> Iterator[Line]:
    for line in lines:
        html = escape(line.text)
        if line.kind in OF_SIDE[0]:
            html = next(old)
        if line.kind in OF_SIDE[1]:
            html = next(new)
        yield replace(line, html=html)
