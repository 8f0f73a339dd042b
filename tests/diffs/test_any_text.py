"""Any input: the parser never fails, loses no line, and takes time in proportion."""

import time
from collections.abc import Callable
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reviews.diffs import ProblemKind, Text, parse
from reviews.diffs.parse import FILE_COST, HUNK_COST, MOST_COST

HEADERS = st.sampled_from(
    [
        "--- a/x.py", "+++ b/x.py", "--- /dev/null", "+++ /dev/null", "--- x\t2026-01-01 10:00",
        "@@ -1,2 +1,3 @@", "@@ -0,0 +1 @@", "@@ -5 +5,0 @@ f", "@@", "@@@ -1,2 -1,2 +1,3 @@@",
        "diff --git a/y b/y", 'diff --git "a/\\303" "b/\\', "diff --cc z", "diff -r 0a1b2c x",
        "diff -u a b", "Index: q", "=" * 67, "*** a", "***************", "*** 1,2 ****",
        "--- 1,2 ----", "rename from x", "rename to y", "old mode 100644", "new file mode 100644",
        "similarity index 100%", "index 1..2 100644", "GIT binary patch", "literal 3", "-- ", "--",
        "2.47.1", "From 0123456789 Mon", "commit 0123456789", "Property changes on: q",
        "## -0,0 +1,2 ##", "Binary files a and b differ", "\\ No newline at end of file",
        " a", "+a", "-a", "-", "+", "", "\r", "--- ", "+++ ", "text",
    ]
)  # fmt: skip


def raw_lines(text: str) -> list[str]:
    """Return the lines of all sections, in order."""
    return [line for section in parse(text).sections for line in section.raw]


def expected(text: str) -> list[str]:
    return text.removesuffix("\n").split("\n") if text else []


@given(st.lists(HEADERS | st.text(max_size=12), max_size=30), st.sampled_from(["\n", "\r\n"]))
def test_every_line_of_any_text_is_kept_once_in_its_place(lines: list[str], end: str) -> None:
    text = end.join(lines)
    assert raw_lines(text) == expected(text)


@given(st.binary(max_size=200))
def test_any_bytes_are_read(octets: bytes) -> None:
    for text in (octets.decode("latin-1"), octets.decode("utf-8", "surrogateescape")):
        assert raw_lines(text) == expected(text)


@given(st.lists(HEADERS, max_size=30))
def test_numbers_and_counts_are_those_of_the_lines(lines: list[str]) -> None:
    for file in parse("\n".join(lines)).files:
        found = [line.kind for hunk in file.hunks for line in hunk.lines]
        assert (file.added, file.removed) == (found.count("add"), found.count("del"))
        assert all(len(hunk.lines) == len(hunk.body) for hunk in file.hunks)


@pytest.mark.parametrize("line", ["Index: q", "@@ -1 +1 @@", "diff --git a/x b/x"])
def test_more_parts_than_are_told_apart_are_kept_as_text_that_says_so(line: str) -> None:
    text = f"{line}\n" * MOST_COST
    diff = parse(text)
    cost = sum(FILE_COST + HUNK_COST * len(file.hunks) for file in diff.files)
    assert MOST_COST <= cost <= MOST_COST + FILE_COST
    rest = diff.sections[-1]
    assert isinstance(rest, Text)
    assert [problem.kind for problem in rest.problems] == [ProblemKind.UNREAD]
    assert raw_lines(text) == expected(text)


# -- Time -------------------------------------------------------------------------------------

GIT = "diff --git a/x.py b/x.py\nindex 1..2 100644\n--- a/x.py\n+++ b/x.py\n"


def long_line(size: int) -> str:
    return f"{GIT}@@ -1 +1 @@\n-a\n+{'x' * size}\n"


def many_lines(size: int) -> str:
    count = size // 20
    return f"{GIT}@@ -1,{count} +1,{count} @@\n" + "-1234567\n+12345678\n" * count


def many_files(size: int) -> str:
    names = (f"f{number}" for number in range(size // 90))
    return "".join(f"{GIT.replace('x.py', name)}@@ -1 +1 @@\n-a\n+b\n" for name in names)


def many_hunks(size: int) -> str:
    starts = range(1, size // 4, 10)
    return GIT + "".join(f"@@ -{at},2 +{at},2 @@\n a\n-b\n+c\n" for at in starts)


def repeated(begin: str, part: str, size: int) -> str:
    return begin + part * (size // len(part)) + "\n"


ENDLESS = f"{GIT}@@ -1,999999 +1,999999 @@\n"
REPEATED = {
    "text": ("", "text\n"),
    "blanks": (GIT + "@@ -1 +1 @@\n-a\n+b\n", "\n"),
    "blanks in a hunk without numbers": (GIT + "@@\n", "\n"),
    "headers in a hunk": (ENDLESS, "--- a\n+++ b\n"),
    "lines without signs": (ENDLESS, " a\nb\n"),
    "marks of a last line": (ENDLESS, "-a\n\\ end\n"),
    "bad headers": ("", "@@ x\n"),
    "indexes": ("", "Index: a\n"),
    "commands": ("", "diff -u a b\n"),
    "stars": ("", "*** a\n"),
    "properties": ("Property changes on: x\n", "## -1,9 +1,9 ##\n"),
    "names": ("diff --git ", "a/ b/"),
    "quotes": ("diff --git ", '"a\\'),
    "binary": ("Binary files a", " and a"),
    "spaces": ("--- a", " "),
    "years": ("--- a", " 2026-01-01"),
}
SHAPES: dict[str, Callable[[int], str]] = {
    "one line": long_line,
    "lines": many_lines,
    "files": many_files,
    "hunks": many_hunks,
}
SHAPES |= {shape: partial(repeated, *parts) for shape, parts in REPEATED.items()}


def seconds_of(work: Callable[[], object]) -> float:
    """Return the least processor time of a few runs."""

    def once() -> float:
        begin = time.process_time()
        work()
        return time.process_time() - begin

    return min(once() for _run in range(3))


@pytest.mark.parametrize("shape", SHAPES)
def test_time_grows_in_proportion_to_the_input_whatever_its_shape(shape: str) -> None:
    size = 60_000
    short, long = SHAPES[shape](size), SHAPES[shape](size * 4)
    # The cost of splitting, so that a tiny time is not compared with itself.
    floor = seconds_of(lambda: [line for line in long.split("\n") if line[:1] in "+- "])
    in_proportion = 4 * seconds_of(lambda: parse(short))
    assert seconds_of(lambda: parse(long)) <= 2 * in_proportion + 10 * floor


def test_long_lines_cost_next_to_nothing_and_short_ones_little() -> None:
    lines = many_lines(500_000)
    reference = seconds_of(lambda: [line.split(" ", 3) for line in lines.split("\n")])
    assert seconds_of(lambda: parse(lines)) < 10 * reference
    assert seconds_of(lambda: parse(long_line(500_000))) < reference
