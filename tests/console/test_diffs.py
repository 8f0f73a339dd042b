"""A diff as files and numbered lines: nothing of it is lost, nothing in it is taken for HTML."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reviews.console.diffs import File, Line, files_of

TWO_FILES = """diff --git a/app.py b/app.py
index 1..2 100644
--- a/app.py
+++ b/app.py
@@ -3,4 +3,4 @@ class App:
 value = 1
-old()
---- no header, but a removed line
+new()
+++ no header either
 last = 2
--- a/gone.txt
+++ /dev/null
@@ -1 +0,0 @@
-gone
"""


def shown(file: File) -> list[tuple[str, int | None, int | None, str]]:
    return [(line.sign, line.old, line.new, line.text) for line in file.lines if line.sign]


def test_files_and_numbers_of_lines_are_those_of_the_hunks() -> None:
    first, second = files_of(TWO_FILES)
    assert (first.name, first.added, first.removed) == ("app.py", 2, 2)
    assert shown(first) == [
        (" ", 3, 3, "value = 1"),
        ("−", 4, None, "old()"),
        ("−", 5, None, "--- no header, but a removed line"),
        ("+", None, 4, "new()"),
        ("+", None, 5, "++ no header either"),
        (" ", 6, 6, "last = 2"),
    ]
    assert (second.name, shown(second)) == ("gone.txt", [("−", 1, None, "gone")])


def test_sides_stand_beside_each_other() -> None:
    (file,) = files_of("@@ -1,3 +1,2 @@\n-a\n-b\n+c\n same\n")

    def texts(line: Line | None) -> str | None:
        return line.text if line else None

    pairs = [(texts(old), texts(new)) for old, new in file.pairs]
    assert pairs[1:] == [("a", "c"), ("b", None), ("same", "same")]


def test_code_is_coloured_by_the_language_of_its_file() -> None:
    (file,) = files_of("--- a/app.py\n+++ b/app.py\n@@ -1 +1 @@\n-x\n+def new(): return 'text'\n")
    assert '<span class="k">def</span>' in file.lines[-1].html
    (plain,) = files_of("--- a/app\n+++ b/app\n@@ -1 +1 @@\n-x\n+def new(): pass\n")
    assert plain.lines[-1].html == "def new(): pass"


def test_lines_that_differ_in_white_space_only_can_be_passed_over() -> None:
    (file,) = files_of("@@ -1,2 +1,2 @@\n-a = 1\n-b\n+  a  = 1\n+c\n")
    assert file.only_space == 1
    kept = [(line.kind, line.text) for line in file.ignoring_space().lines]
    assert kept == [
        ("hunk", "@@ -1,2 +1,2 @@"),
        ("del", "b"),
        ("same", "  a  = 1"),
        ("add", "c"),
    ]


@pytest.mark.parametrize("name", ["app.py", "page.html", "app.js", "unknown.xyz", ""])
def test_code_is_never_taken_for_html(name: str) -> None:
    header = f"--- a/{name}\n+++ b/{name}\n" if name else ""
    (file,) = files_of(f"{header}@@ -1 +1 @@\n-<script>alert(1)</script>\n+<img src=x onerror=y>\n")
    for line in file.lines:
        assert "<script" not in line.html
        assert "<img" not in line.html


LINES = st.sampled_from(
    ["--- a/x.py", "+++ b/x.py", "@@ -1,2 +1,3 @@", "@@ -0,0 +1 @@", "diff --git a/y b/y"]
) | st.text(alphabet="+- @x'\"#<\n\\", max_size=8)


@given(st.lists(LINES, max_size=12))
def test_no_line_of_any_text_is_lost(lines: list[str]) -> None:
    text = "\n".join(lines)
    found = [line for file in files_of(text) for line in file.lines]
    signs = {"add": "+", "del": "-"}
    given_lines = text.removesuffix("\n").split("\n")
    assert len(found) == len(given_lines)
    for line, raw in zip(found, given_lines, strict=True):
        assert raw in {line.text, signs.get(line.kind, " ") + line.text}
