"""Find the lines of a hunk: as many as its header counts, if the lines agree.

Machines miscount. A line that cannot belong to a hunk ends it early, and changes that continue
without a gap belong to it too; `check_counts` then notes that the header counts wrong.
"""

from reviews.diffs.hunks import check_counts, check_end, combined_kind
from reviews.diffs.lines import BLANK, BOUNDARY, Left, Lines
from reviews.diffs.model import Hunk
from reviews.diffs.problems import Problem, ProblemKind


def read_body(lines: Lines, at: int, hunk: Hunk, *, may_be_plain: bool) -> int:
    """Give a hunk its lines, which start `at`; return where they end."""
    if hunk.parents > 1:
        return _combined(lines, at, hunk)
    end, strays, ends = _unified(lines, at, hunk, may_be_plain)
    if strays:
        hunk.problems.append(Problem(ProblemKind.NO_SIGN, {"count": strays}))
    if ends:
        check_end(hunk)
    return end


def _unified(lines: Lines, begin: int, hunk: Hunk, may_be_plain: bool) -> tuple[int, int, int]:
    # One loop, without calls for the most frequent lines: a diff can have 100,000.
    raw, is_counted = lines.raw, hunk.olds is not None
    old = hunk.olds[0].length if hunk.olds else 0
    new = hunk.new.length if hunk.new else 0
    added = removed = same = strays = ends = 0
    at = begin
    while at < len(raw):
        line = raw[at]
        sign = line[:1]
        if sign == " ":
            same += 1
        elif sign in {"+", "-"}:
            if line[:2] in {"++", "--"}:
                left = (old - same - removed, new - same - added) if is_counted else None
                if _ends_before(lines, at, left, may_be_plain):
                    break
            if sign == "+":
                added += 1
            else:
                removed += 1
        elif line in BLANK:
            if is_counted and same + removed >= old and same + added >= new:
                break
            same += 1
        elif sign == "\\":
            ends += 1
        else:
            is_complete = is_counted and same + removed >= old and same + added >= new
            if is_complete or not _goes_on(lines, at, may_be_plain):
                break
            strays += 1
        at += 1
    is_short = not is_counted or same + removed < old or same + added < new
    while is_short and at > begin and raw[at - 1] in BLANK:
        at, same = at - 1, same - 1  # they precede what follows
    hunk.body, hunk.added, hunk.removed = raw[begin:at], added, removed
    check_counts(hunk, (same + removed,), same + added, at_end=at == len(raw))
    return at, strays, ends


def _ends_before(lines: Lines, at: int, left: Left, may_be_plain: bool) -> bool:
    """Return whether a line that begins with two signs is after the hunk."""
    line = lines.raw[at]
    if line[:4] in {"--- ", "+++ "}:
        return lines.begins_file(at, left, may_be_plain=may_be_plain)
    return (
        lines.is_signature(at)
        and ((left is not None and max(left) <= 0) or not _is_change(lines.bare(at + 1)))
        and left != (1, 0)
    )


def _goes_on(lines: Lines, at: int, may_be_plain: bool) -> bool:
    """Return whether a hunk continues after a line without a sign."""
    if BOUNDARY.match(lines.raw[at]) or not _is_change(lines.bare(at + 1)):
        return False
    return not _ends_before(lines, at + 1, None, may_be_plain)


def _is_change(line: str) -> bool:
    return line.startswith(("+", "-", " ", "\\"))


def _is_complete(hunk: Hunk, held: list[int], new: int) -> bool:
    """Return whether a combined hunk has all lines that its header counts."""
    assert hunk.olds
    assert hunk.new
    pairs = zip(held, hunk.olds, strict=True)
    return new >= hunk.new.length and all(count >= one.length for count, one in pairs)


def _combined(lines: Lines, begin: int, hunk: Hunk) -> int:
    """Read a hunk with a column of signs for each parent."""
    width = hunk.parents
    held, new, at = [0] * width, 0, begin
    while at < len(lines):
        line = lines.raw[at]
        kind = combined_kind(line, width)
        if kind == "stray" or (kind != "end" and _is_complete(hunk, held, new)):
            break
        at += 1
        if kind == "end":
            continue
        for parent, sign in enumerate(line[:width].ljust(width)):
            held[parent] += sign == "-" if kind == "del" else sign != "+"
        new += kind != "del"
        hunk.added += kind == "add"
        hunk.removed += kind == "del"
    hunk.body = lines.raw[begin:at]
    check_counts(hunk, tuple(held), new, at_end=at == len(lines))
    return at
