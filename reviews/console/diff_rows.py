"""The rows of a diff: unified, or before and after side by side.

A hunk can have hundreds of thousands of lines, of which a page shows a thousand. So rows are first
planned as numbers, and only those that are shown are made.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Literal, NamedTuple

from django.utils.html import escape

from reviews.console.colour import coloured
from reviews.console.comment_state import Thread
from reviews.console.diff_words import problem_in_words
from reviews.console.invisible_characters import reveal
from reviews.diffs import File, Hunk, LineEnd, LineKind, Notes, Problem, Text
from reviews.diffs.hunks import combined_kind, kind_of, text_and_end

RowKind = Literal["add", "del", "same", "end", "stray", "hunk", "note", "problem"]
LONGEST = 2_000
"""Characters of a line that are shown; the rest of it is a link away."""


class Options(NamedTuple):
    """Display options of a diff."""

    view: Literal["unified", "split"] = "unified"
    space: Literal["shown", "ignored"] = "shown"
    wrap: Literal["wrap", "scroll"] = "wrap"


@dataclass(slots=True)
class Row:
    """A row, or one side of it; `cut` counts the characters that are not shown."""

    kind: RowKind
    text: str
    at: int
    sign: str = ""
    old: int | None = None
    new: int | None = None
    end: str = ""
    cut: int = 0
    only_space: bool = False
    html: str = ""
    threads: list[Thread] = field(default_factory=list)

    @property
    def number(self) -> int:
        """Return the number of the line in the diff."""
        return self.at + 1

    @property
    def spans(self) -> bool:
        """Return whether the row is not a line of a side, and so spans the table."""
        return self.kind in {"hunk", "note", "problem"}


Sides = tuple[Row | None, Row | None]
"""A row of both views: where they are one below the other, both sides are the same row."""


class Cell(NamedTuple):
    """A line to show: its place in the hunk, and its numbers."""

    kind: LineKind
    offset: int
    old: int | None = None
    new: int | None = None
    only_space: bool = False


Cells = tuple[Cell | None, Cell | None]


class Planned(NamedTuple):
    """A row that is not made yet: cells of a hunk, a line of a part, or a problem."""

    part: Hunk | Notes | Text
    cells: Cells | None = None
    offset: int = 0
    problem: Problem | None = None


def plan(section: File | Text, options: Options) -> Iterator[Planned]:
    """Yield the planned rows of a section."""
    for part in section.parts if isinstance(section, File) else [section]:
        if isinstance(part, Hunk):
            yield from _plan_hunk(part, options)
        else:
            problems = part.problems if isinstance(part, Text) else []
            yield from (Planned(part, problem=one) for one in problems)
            yield from (Planned(part, offset=offset) for offset in range(len(part.body)))


def _plan_hunk(hunk: Hunk, options: Options) -> Iterator[Planned]:
    if hunk.header is not None:
        yield Planned(hunk, offset=-1)
    yield from (Planned(hunk, problem=one) for one in hunk.problems)
    yield from (Planned(hunk, cells) for cells in _cells(hunk, options))


def made(planned: Planned, ends: set[str]) -> Sides:
    """Make a row; `ends` are the line endings of its file, named where they differ."""
    part, cells, offset, problem = planned
    if problem:
        row = Row("problem", problem_in_words(problem), part.at)
        return row, row
    if cells and isinstance(part, Hunk):
        left, right = cells
        old = _made(part, left, ends) if left else None
        return old, old if right is left else _made(part, right, ends) if right else None
    is_header = isinstance(part, Hunk)
    text = part.header or "" if isinstance(part, Hunk) else part.body[offset]
    row = _cut(Row("hunk" if is_header else "note", text.removesuffix("\r"), part.at + offset))
    return row, row


def _made(hunk: Hunk, cell: Cell, ends: set[str]) -> Row:
    text, end = text_and_end(hunk, cell.offset)
    width = hunk.parents if cell.kind not in {"end", "stray"} else 0
    sign = text[:width].replace("-", "−") if width else ""
    row = Row(cell.kind, text[width:], hunk.at + cell.offset, sign, cell.old, cell.new)
    row.only_space = cell.only_space
    if cell.kind == "same" and hunk.parents == 1:
        row.sign = ""
    if len(ends) > 1 and cell.kind in {"add", "del"}:
        row.end = " + ".join(sorted(_ends(text, end)))
    return _cut(row)


def _cut(row: Row) -> Row:
    """Show a line up to the maximum length, with its invisible characters by name."""
    row.cut = max(0, len(row.text) - LONGEST)
    row.text = reveal(row.text[:LONGEST])
    return row


# -- Line ends --------------------------------------------------------------------------------


def _ends(text: str, end: LineEnd) -> set[str]:
    """Return how a line ends, with CR if it contains one that ends a line too."""
    return ({end} if end else set()) | ({"CR"} if "\r" in text else set())


def ends_of_sides(file: File) -> tuple[set[str], set[str]]:
    """Return how the lines of a file end before and after."""
    old: set[str] = set()
    new: set[str] = set()
    for hunk in file.hunks:
        if not any("\r" in text for text in hunk.body):
            old, new = old | _feeds(hunk, "+"), new | _feeds(hunk, "-")
            continue
        for index, raw in enumerate(hunk.body):
            kind = kind_of(raw)
            if kind in {"del", "same"}:
                old |= _ends(*text_and_end(hunk, index))
            if kind in {"add", "same"}:
                new |= _ends(*text_and_end(hunk, index))
    return old, new


def _feeds(hunk: Hunk, other_sign: str) -> set[str]:
    """Return LF if a hunk without any carriage return has a line of a side."""
    return {"LF"} if any(text[:1] != other_sign for text in hunk.body) else set()


# -- Cells ------------------------------------------------------------------------------------


def _cells(hunk: Hunk, options: Options) -> Iterator[Cells]:
    if hunk.parents > 1:
        return _of_combined(hunk, options)
    if options == Options("unified", "shown", options.wrap):
        return ((cell, cell) for cell in _numbered(hunk))
    return _paired(hunk, options)


def _numbered(hunk: Hunk) -> Iterator[Cell]:
    """Yield the lines of a hunk with their numbers."""
    old, new = (hunk.olds[0].first, hunk.new.first) if hunk.olds and hunk.new else (None, None)
    for index, raw in enumerate(hunk.body):
        kind = kind_of(raw)
        is_old, is_new = kind in {"del", "same"}, kind in {"add", "same"}
        yield Cell(kind, index, old if is_old else None, new if is_new else None)
        if old is not None and new is not None:
            old, new = old + is_old, new + is_new


def _of_combined(hunk: Hunk, options: Options) -> Iterator[Cells]:
    """Yield the lines of a combined hunk, which has several files before and so no pairs."""
    new = hunk.new.first if hunk.new else 1
    for index, raw in enumerate(hunk.body):
        kind = combined_kind(raw, hunk.parents)
        is_new = kind in {"add", "same"}
        cell = Cell(kind, index, None, new if is_new else None)
        new += is_new
        is_one_sided = options.view == "split" and kind in {"add", "del"}
        sides = (None, cell) if kind == "add" else (cell, None)
        yield sides if is_one_sided else (cell, cell)


def _paired(hunk: Hunk, options: Options) -> Iterator[Cells]:
    for changed, block in _blocks(hunk):
        if not changed:
            yield from ((cell, cell) for cell in block)
            continue
        pairs = _side_by_side(block)
        if options.space == "ignored":
            pairs = (_as_unchanged(hunk, pair) for pair in pairs)
        yield from pairs if options.view == "split" else _one_below_the_other(pairs)


def _blocks(hunk: Hunk) -> Iterator[tuple[bool, list[Cell]]]:
    """Yield blocks of changes, and the lines between them."""
    changed, block = False, list[Cell]()
    for cell in _numbered(hunk):
        is_change = cell.kind in {"add", "del"} or (cell.kind == "end" and changed)
        if block and is_change != changed:
            yield changed, block
            block = []
        changed = is_change
        block.append(cell)
    if block:
        yield changed, block


def _side_by_side(block: Iterable[Cell]) -> Iterator[Cells]:
    """Pair removed with added lines; the mark of a last line stays on its side."""
    removed, added = list[Cell](), list[Cell]()
    side = removed
    for cell in block:
        if cell.kind != "end":
            side = removed if cell.kind == "del" else added
        side.append(cell)
    return zip_longest(removed, added)


def _as_unchanged(hunk: Hunk, pair: Cells) -> Cells:
    """Treat a pair that differs only in white space as one unchanged line."""
    old, new = pair
    if not (old and new) or (old.kind, new.kind) != ("del", "add"):
        return pair
    texts = (text_and_end(hunk, cell.offset)[0][1:] for cell in (old, new))
    before, after = (_words(text) for text in texts)
    if before != after:
        return pair
    same = new._replace(kind="same", old=old.old, only_space=True)
    return same, same


def _words(text: str) -> list[str]:
    """Split at spaces and tabs only, as other white space can end a line for some programs."""
    return [word for word in text.replace("\t", " ").split(" ") if word]


def _one_below_the_other(pairs: Iterable[Cells]) -> Iterator[Cells]:
    """Yield removed before added lines, as a diff has them, between unchanged pairs."""
    added = list[Cell]()
    for old, new in pairs:
        if old and old is new:
            yield from ((cell, cell) for cell in added)
            added = []
            yield old, old
            continue
        if old:
            yield old, old
        if new:
            added.append(new)
    yield from ((cell, cell) for cell in added)


# -- Colours ----------------------------------------------------------------------------------


def colour(files: Sequence[tuple[str, Sequence[Sides]]]) -> None:
    """Give rows their HTML: the code of each side in the colours of its language."""
    sides = [
        (name, [row for pair in rows if (row := pair[at]) and row.kind in kinds])
        for name, rows in files
        for at, kinds in enumerate((("del", "same"), ("add", "same")))
    ]
    html = coloured(
        [(_coloured_as(name, side), [one.text for one in side]) for name, side in sides]
    )
    for (_name, side), lines in zip(sides, html, strict=True):
        for one, line in zip(side, lines, strict=True):
            one.html = line
    for _name, rows in files:
        for cell in (cell for pair in rows for cell in pair if cell):
            cell.html = cell.html or escape(cell.text)


def _coloured_as(name: str, rows: Iterable[Row]) -> str:
    """Return the name that decides the language; none if a cut line could mislead the lexer."""
    return "" if any(row.cut for row in rows) else name
