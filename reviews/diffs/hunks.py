"""Hunks: their headers, their numbered lines, and contradictions of their numbers."""

import re
from collections.abc import Iterator

from reviews.diffs.model import Hunk, Line, LineEnd, LineKind, Range
from reviews.diffs.problems import Problem, ProblemKind

# A number with more digits than a line number can have is not a number.
RANGE = r"([0-9]{1,15})(?:,([0-9]{1,15}))?"
HEADER = re.compile(rf"@@ -{RANGE} \+{RANGE} @@")
COMBINED = re.compile(rf"(@@@+)(?: -{RANGE})+ \+{RANGE} \1(?!@)")
RANGES = re.compile(rf"[-+]{RANGE}")
KINDS: dict[str, LineKind] = {"+": "add", "-": "del", " ": "same", "": "same", "\\": "end"}


def hunk_of(header: str) -> Hunk:
    """Return the hunk of a header; without usable numbers it has no ranges."""
    if found := HEADER.match(header):
        return Hunk(header, (_range(*found.group(1, 2)),), _range(*found.group(3, 4)))
    if header.startswith("@@@") and (found := COMBINED.match(header)):
        *olds, new = [_range(*one.groups()) for one in RANGES.finditer(found[0])]
        if len(olds) == len(found[1]) - 1:
            return Hunk(header, tuple(olds), new)
    return Hunk(header, problems=[Problem(ProblemKind.NO_NUMBERS)])


def _range(start: str, count: str | None) -> Range:
    return Range(int(start), 1 if count is None else int(count))


# -- Lines ------------------------------------------------------------------------------------


def numbered(hunk: Hunk) -> Iterator[Line]:
    """Yield the lines of a hunk with their kinds, numbers and ends."""
    return _combined(hunk) if hunk.parents > 1 else _unified(hunk)


def _unified(hunk: Hunk) -> Iterator[Line]:
    old, new = (hunk.olds[0].first, hunk.new.first) if hunk.olds and hunk.new else (None, None)
    for index, raw in enumerate(hunk.body):
        kind = kind_of(raw)
        text, end = text_and_end(hunk, index)
        is_old, is_new = kind in {"del", "same"}, kind in {"add", "same"}
        yield Line(
            kind,
            text[:1] if kind in {"add", "del"} else "",
            text if kind in {"end", "stray"} else text[1:],
            old if is_old else None,
            new if is_new else None,
            end if is_old or is_new else "",
        )
        if old is not None and new is not None:
            old, new = old + is_old, new + is_new


def _combined(hunk: Hunk) -> Iterator[Line]:
    new = hunk.new.first if hunk.new else 1
    width = hunk.parents
    for index in range(len(hunk.body)):
        text, end = text_and_end(hunk, index)
        kind = combined_kind(text, width)
        if kind in {"end", "stray"}:
            yield Line(kind, "", text)
            continue
        is_new = kind != "del"
        yield Line(kind, text[:width], text[width:], None, new if is_new else None, end)
        new += is_new


def combined_kind(text: str, width: int) -> LineKind:
    """Return the kind of a line in a combined diff, which has a sign for each parent."""
    signs = text[:width]
    if text.startswith("\\"):
        return "end"
    if signs.strip("+- \r"):
        return "stray"
    return "del" if "-" in signs else "add" if "+" in signs else "same"


def kind_of(raw: str) -> LineKind:
    """Return the kind of a line in a unified diff."""
    return "same" if raw == "\r" else KINDS.get(raw[:1], "stray")


def text_and_end(hunk: Hunk, index: int) -> tuple[str, LineEnd]:
    """Return a line of a hunk without its end, and the end.

    If the header of the hunk ends with CRLF, the whole diff was converted: a line of a file with
    CRLF then ends with CR CR LF.
    """
    text = hunk.body[index]
    if hunk.header is not None and hunk.header.endswith("\r"):
        text = text.removesuffix("\r")
    if text.endswith("\r"):
        return text[:-1], "CRLF"
    is_unknown = hunk.is_last and index == len(hunk.body) - 1
    return text, "" if is_unknown else "LF"


# -- Contradictions ---------------------------------------------------------------------------


def check_counts(hunk: Hunk, held_olds: tuple[int, ...], held_new: int, *, at_end: bool) -> None:
    """Note a header that does not count the lines of its hunk."""
    if not hunk.olds or not hunk.new:
        return
    pairs = [(one.length, held) for one, held in zip(hunk.olds, held_olds, strict=True)]
    old, held_old = next((pair for pair in pairs if pair[0] != pair[1]), pairs[0])
    new = hunk.new.length
    if (old, new) == (held_old, held_new):
        return
    is_cut = at_end and held_old <= old and held_new <= new
    values: dict[str, int | str] = {
        "old": old,
        "new": new,
        "held_old": held_old,
        "held_new": held_new,
    }
    kind = ProblemKind.CUT_OFF if is_cut else ProblemKind.COUNTS
    hunk.problems.append(Problem(kind, values))


def check_order(hunk: Hunk, before: Hunk | None) -> None:
    """Note a hunk that does not follow from the previous one in its file."""
    if not (hunk.olds and hunk.new) or (before and not (before.olds and before.new)):
        return
    old, new = hunk.olds[0], hunk.new
    shift = 0
    if before and before.olds and before.new:
        old_end, new_end = before.olds[0].end, before.new.end
        if old.first < old_end or new.first < new_end:
            values: dict[str, int | str] = {"line": old.first, "end": old_end - 1}
            hunk.problems.append(Problem(ProblemKind.OUT_OF_ORDER, values))
            return
        shift = new_end - old_end
    if hunk.parents == 1 and new.first - old.first != shift:
        values = {"line": new.first, "expected": old.first + shift}
        hunk.problems.append(Problem(ProblemKind.OFFSET, values))


def check_end(hunk: Hunk) -> None:
    """Note lines of a side after the one without a newline, which must be its last."""
    ended: set[LineKind] = set()
    kind: LineKind = "same"
    for text in hunk.body:
        if text.startswith("\\"):
            ended |= {"add", "del", "same"} if kind == "same" else {kind, "same"}
            continue
        kind = KINDS.get(text[:1], "stray")
        if kind in ended:
            hunk.problems.append(Problem(ProblemKind.AFTER_END))
            return
