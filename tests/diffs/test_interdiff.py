"""What changed between two patches."""

from hypothesis import given
from hypothesis import strategies as st

from reviews.diffs.interdiff import MOST_LINES, interdiff
from tests.support.forge_rows import BUMP, FURTHER, REBASED

BINARY = """diff --git a/x.bin b/x.bin
index 1111111..2222222 100644
Binary files a/x.bin and b/x.bin differ
"""
LINES = st.lists(st.sampled_from(["one", "two", "three", ""]), max_size=12)


def patch(lines: list[str], name: str = "x.txt") -> str:
    head = f"diff --git a/{name} b/{name}\n--- a/{name}\n+++ b/{name}\n@@ -0,0 +1,{len(lines)} @@\n"
    return head + "".join(f"+{line}\n" for line in lines)


def test_rebase_changes_nothing() -> None:
    assert interdiff(BUMP, REBASED) == []


def test_changed_line_of_a_patch_is_in_both_with_its_own_sign() -> None:
    (file,) = interdiff(BUMP, FURTHER)
    assert (file.name, file.kind, file.added, file.removed) == ("package.json", "changed", 1, 1)
    assert [line for line in file.lines or [] if line.sign in "+-"] == [
        ("-", '+    "lodash": "4.17.21",'),
        ("+", '+    "lodash": "4.17.22",'),
    ]


def test_files_that_only_one_patch_changes_are_named() -> None:
    other = patch(["one"], "y.txt")
    assert [(one.name, one.kind) for one in interdiff(BUMP, BUMP + other)] == [
        ("y.txt", "only_after")
    ]
    assert [(one.name, one.kind) for one in interdiff(BUMP + other, BUMP)] == [
        ("y.txt", "only_before")
    ]
    assert interdiff("", "") == []


def test_binary_file_with_other_contents_is_changed() -> None:
    (file,) = interdiff(BINARY, BINARY.replace("2222222", "3333333"))
    assert (file.name, file.kind) == ("x.bin", "changed")


def test_patch_that_is_too_long_is_only_said_to_have_changed() -> None:
    (file,) = interdiff(patch(["x"] * (MOST_LINES + 1)), patch(["y"]))
    assert file.lines is None


@given(before=LINES, after=LINES)
def test_each_patch_can_be_put_together_from_what_is_shown(
    before: list[str], after: list[str]
) -> None:
    found = interdiff(patch(["same", *before]), patch(["same", *after]))
    if before == after:
        assert found == []
        return
    (file,) = found
    assert file.lines is not None
    if all(line.sign != "…" for line in file.lines):
        assert file.added - file.removed == len(after) - len(before)
