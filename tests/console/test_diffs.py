"""A diff on a page: complete, escaped, and of limited size."""

import hashlib
import time
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reviews.console.diff_rows import LONGEST, Options, Row
from reviews.console.diffs import MOST_FILES, MOST_ROWS, Page, Section, line_of, page_of, section_of
from tests.support.patches import TWO_FILES, many_files, many_lines

UNIFIED, SPLIT = Options("unified"), Options("split")
IGNORING = Options("unified", "ignored")


def the_file(text: str, options: Options = UNIFIED) -> Section:
    (section,) = page_of(text, options).sections
    return section


def shown(section: Section) -> list[tuple[str, int | None, int | None, str]]:
    rows = [new for _old, new in section.rows if new and not new.spans]
    return [(row.sign, row.old, row.new, row.text) for row in rows]


def texts(section: Section) -> list[tuple[str | None, str | None]]:
    """Return the texts of pairs, without the header of the hunk."""

    def text(row: Row | None) -> str | None:
        return row.text if row else None

    return [(text(old), text(new)) for old, new in section.rows[1:]]


def test_files_and_numbers_of_lines_are_those_of_the_hunks() -> None:
    first, second = page_of(TWO_FILES, UNIFIED).sections
    assert first.name == "app.py"
    assert shown(first) == [
        ("", 3, 3, "value = 1"),
        ("−", 4, None, "old()"),
        ("−", 5, None, "--- no header, but a removed line"),
        ("+", None, 4, "new()"),
        ("+", None, 5, "++ no header either"),
        ("", 6, 6, "last = 2"),
    ]
    assert (second.name, second.change) == ("gone.txt", "deleted")
    assert shown(second) == [("−", 1, None, "gone")]


def test_sides_stand_beside_each_other() -> None:
    section = the_file("--- a/x\n+++ b/x\n@@ -1,3 +1,2 @@\n-a\n-b\n+c\n same\n", SPLIT)
    assert texts(section) == [("a", "c"), ("b", None), ("same", "same")]


@pytest.mark.parametrize(
    ("hunk", "beside"),
    [
        ("@@ -1,2 +1,2 @@\n-a\n-b\n\\ No newline\n+c\n+d\n\\ No newline\n",
         [("a", "c"), ("b", "d"), ("\\ No newline", "\\ No newline")]),
        ("@@ -1 +1,2 @@\n-a\n\\ No newline\n+c\n+d\n", [("a", "c"), ("\\ No newline", "d")]),
        ("@@ -1,2 +1 @@\n-a\n-b\n+c\n\\ No newline\n", [("a", "c"), ("b", "\\ No newline")]),
        ("@@ -1,2 +1,2 @@\n-a\n+b\n c\n\\ No newline\n",
         [("a", "b"), ("c", "c"), ("\\ No newline", "\\ No newline")]),
    ],
)  # fmt: skip
def test_mark_of_a_missing_newline_moves_no_pair(
    hunk: str, beside: list[tuple[str | None, str | None]]
) -> None:
    assert texts(the_file(f"--- a/x\n+++ b/x\n{hunk}", SPLIT)) == beside


def test_code_is_coloured_by_the_language_of_its_file() -> None:
    section = the_file("--- a/app.py\n+++ b/app.py\n@@ -1 +1 @@\n-x\n+def new(): return 'text'\n")
    assert section.rows[-1][1].html.startswith('<span class="k">def</span>')  # type: ignore[union-attr]
    plain = the_file("--- a/app\n+++ b/app\n@@ -1 +1 @@\n-x\n+def new(): pass\n")
    assert plain.rows[-1][1].html == "def new(): pass"  # type: ignore[union-attr]


SPACES = "--- a/x\n+++ b/x\n@@ -1,3 +1,3 @@\n-a = 1\n-b\n-c\u2028d\n+  a  = 1\n+c\n+c d\n"


def test_lines_that_differ_in_white_space_only_can_be_passed_over() -> None:
    section = the_file(SPACES, IGNORING)
    assert section.only_space == 1
    assert shown(section) == [
        ("", 1, 1, "  a  = 1"),
        ("−", 2, None, "b"),
        ("−", 3, None, "c⟨U+2028⟩d"),
        ("+", None, 2, "c"),
        ("+", None, 3, "c d"),
    ]
    assert the_file(SPACES).only_space == 0


@pytest.mark.parametrize(
    ("old", "new", "words", "tags"),
    [
        ("a\r\n", "a\n", "Line ends change: CRLF → LF.", ["CRLF", "LF"]),
        ("a\n", "a\r\n", "Line ends change: LF → CRLF.", ["LF", "CRLF"]),
        ("a\rb\n", "a\n", "Line ends change: CR + LF → LF.", ["CR + LF", "LF"]),
        ("a\r\n", "b\r\n", "", ["", ""]),
        ("a\n", "b\n", "", ["", ""]),
    ],
)
def test_line_ends_that_change_are_named(old: str, new: str, words: str, tags: list[str]) -> None:
    section = the_file(f"--- a/x\n+++ b/x\n@@ -1 +1 @@\n-{old}+{new}")
    assert section.ends_in_words == words
    assert [row.end for row, _same in section.rows[1:] if row] == tags


def test_mixed_line_ends_are_named() -> None:
    section = the_file("--- a/x\n+++ b/x\n@@ -1,2 +1,2 @@\n a\r\n-b\n+c\n")
    assert section.ends_in_words == "Mixed line ends: CRLF + LF."


def test_wrong_count_is_said_at_its_hunk() -> None:
    first, second = page_of(
        "--- a/x\n+++ b/x\n@@ -1,9 +1,9 @@\n-a\n+b\n" + TWO_FILES, UNIFIED
    ).files[:2]
    kinds = [row.kind for row, _same in first.rows if row]
    assert kinds == ["hunk", "problem", "del", "add"]
    assert first.rows[1][0].text == (  # type: ignore[union-attr]
        "The header of this hunk counts 9 lines before and 9 after; it holds 1 and 1."
    )
    assert (first.problem_count, second.problem_count) == (1, 0)


def test_name_in_a_problem_shows_all_its_characters() -> None:
    section = the_file("--- a/x\n+++ b/y\u202e\n@@ -1 +1 @@\n-a\n+b\n")
    assert section.problems == ["The headers name different files: x and y⟨U+202E⟩."]


@pytest.mark.parametrize("name", ["app.py", "page.html", "app.js", "unknown.xyz", ""])
@pytest.mark.parametrize("options", [UNIFIED, SPLIT, IGNORING])
def test_code_is_never_taken_for_html(name: str, options: Options) -> None:
    header = f"--- a/{name}\n+++ b/{name}\n" if name else ""
    text = f"{header}@@ -1 +1 @@ <b>\n-<script>alert(1)</script>\n+<img src=x onerror=y>\n<note\n"
    for section in page_of(text, options).sections:
        for row in (row for pair in section.rows for row in pair if row):
            assert "<script" not in row.html
            assert "<img" not in row.html
            assert row.html.replace("<span", "").replace("</span", "").count("<") == 0


LINES = st.sampled_from(
    [
        "--- a/x.py",
        "+++ b/x.py",
        "@@ -1,2 +1,3 @@",
        "@@ -0,0 +1 @@",
        "diff --git a/y b/y",
        "",
        "-- ",
    ]
) | st.text(alphabet="+- @x'\"#<\n\\", max_size=8)


@given(st.lists(LINES, max_size=12), st.sampled_from(["unified", "split"]))
def test_no_line_of_any_text_is_lost(lines: list[str], view: str) -> None:
    text = "\n".join(lines)
    page = page_of(text, Options(view))  # type: ignore[arg-type]
    found = {
        row.at
        for section in page.sections
        for pair in section.rows
        for row in pair
        if row and row.kind != "problem"
    }
    headers = sum(section.header_count for section in page.sections)
    expected = text.removesuffix("\n").split("\n") if text else []
    assert len(found) + headers == len(expected)


# -- Bounds -----------------------------------------------------------------------------------


def rows_on(page: Page) -> int:
    return sum(len(section.rows) for section in page.sections)


@pytest.mark.parametrize("options", [UNIFIED, SPLIT, IGNORING])
def test_long_file_comes_in_parts_that_together_are_the_file(options: Options) -> None:
    text = many_lines(1_700)
    section = the_file(text, options)
    found = list(section.rows)
    while section.more is not None:
        assert len(section.rows) <= MOST_ROWS
        part = section_of(text, options, 0, section.more)
        assert part
        section = part
        found += section.rows
    added = [new.new for _old, new in found if new and new.kind == "add"]
    removed = [old.old for old, _new in found if old and old.kind == "del"]
    assert added == removed == list(range(1, 1_701))


def test_files_that_do_not_fit_are_folded_and_read_when_they_are_asked_for() -> None:
    text = many_lines(400) + many_lines(400).replace("x.py", "y.py") + many_files(3)
    page = page_of(text, UNIFIED)
    assert [section.is_open for section in page.sections] == [True, False, True, True, True]
    assert rows_on(page) <= MOST_ROWS
    folded = page.sections[1]
    assert (folded.name, folded.rows, folded.length) == ("y.py", [], 800)
    read = section_of(text, UNIFIED, 1, 0)
    assert read
    assert len(read.rows) == 801


def test_many_files_are_spread_over_pages() -> None:
    text = many_files(MOST_FILES * 2 + 1)
    first = page_of(text, UNIFIED)
    assert (len(first.sections), first.before, first.after) == (MOST_FILES, None, MOST_FILES)
    last = page_of(text, UNIFIED, MOST_FILES * 2)
    assert [one.name for one in last.sections] == [f"f{MOST_FILES * 2}.py"]
    assert (last.before, last.after) == (MOST_FILES, None)
    assert (last.added, last.removed) == (len(last.all_files), len(last.all_files))


def test_long_line_is_cut_and_can_be_read_whole() -> None:
    section = the_file(f"--- a/x.js\n+++ b/x.js\n@@ -1 +1 @@\n-a\n+{'x' * 5_000}<\n")
    row = section.rows[-1][1]
    assert row
    assert (len(row.text), row.cut) == (LONGEST, 5_001 - LONGEST)
    whole = line_of(f"--- a/x.js\n+++ b/x.js\n@@ -1 +1 @@\n-a\n+{'x' * 5_000}<\n", row.number)
    assert whole == "+" + "x" * 5_000 + "<"


def test_part_that_is_not_there_is_none() -> None:
    assert section_of(TWO_FILES, UNIFIED, 2, 0) is None
    assert line_of(TWO_FILES, 0) is None
    assert line_of(TWO_FILES, 999) is None


def seconds_of(work: Callable[[], object]) -> float:
    def once() -> float:
        begin = time.process_time()
        work()
        return time.process_time() - begin

    return min(once() for _run in range(3))


@pytest.mark.parametrize("options", [UNIFIED, SPLIT, IGNORING])
@pytest.mark.parametrize(
    "shape",
    [many_lines, many_files, lambda count: f"--- a/x\n+++ b/x\n@@ -0,0 +1 @@\n+{'x' * 50 * count}"],
)
def test_what_a_page_costs_is_bounded_by_reading_the_diff(
    shape: Callable[[int], str], options: Options
) -> None:
    text = shape(10_000)
    digest = seconds_of(lambda: [hashlib.sha256(line.encode()) for line in text.split("\n")])
    page = seconds_of(lambda: page_of(shape(1_200), options))
    assert seconds_of(lambda: page_of(text, options)) < 3 * page + 40 * digest
