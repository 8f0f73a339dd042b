"""Diffs are read as they were meant, and contradictions are reported."""

import pytest

from reviews.diffs import Diff, File, Hunk, Notes, ProblemKind, Text, parse


def kinds(diff: Diff) -> list[ProblemKind]:
    return [problem.kind for problem in diff.problems]


def files(diff: Diff) -> list[tuple[str, int, int]]:
    return [(one.name, one.added, one.removed) for one in diff.files]


def git_header(name: str) -> str:
    return f"diff --git a/{name} b/{name}\nindex 1..2 100644\n--- a/{name}\n+++ b/{name}\n"


CHANGE = "@@ -1,2 +1,2 @@\n same\n-old\n+new\n"
AUTH = git_header("auth.py") + "@@ -1 +1 @@\n-return user.is_staff\n+return True\n"


# -- Names ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ('diff --git "a/caf\\303\\251.py" "b/caf\\303\\251.py"\nnew file mode 100644\n', "café.py"),
        ('--- "a/caf\\303\\251.py"\n+++ "b/caf\\303\\251.py"\n' + CHANGE, "café.py"),
        ('--- "a/\\t\\"x\\"\\\\"\n+++ "b/\\t\\"x\\"\\\\"\n' + CHANGE, '\t"x"\\'),
        ('--- "a/not\\374utf8"\n+++ "b/not\\374utf8"\n' + CHANGE, "not\\xfcutf8"),
        ('--- "a/caf\\303\\251 é"\n+++ "b/caf\\303\\251 é"\n' + CHANGE, "café é"),
        ("--- a/with space.txt\t\n+++ b/with space.txt\t\n" + CHANGE, "with space.txt"),
        ("--- x.c\t2026-01-02 10:00:00 +0000\n+++ x.c\t2026-01-03 10:00:00\n" + CHANGE, "x.c"),
        ("--- x.c 2026-01-02 10:00:00 +0000\n+++ x.c 2026-01-03 10:00:00\n" + CHANGE, "x.c"),
        ("--- trunk/a.c\t(revision 41)\n+++ trunk/a.c\t(working copy)\n" + CHANGE, "trunk/a.c"),
        ("--- i/x.py\n+++ w/x.py\n" + CHANGE, "x.py"),
        ("--- c/x.py\n+++ i/x.py\n" + CHANGE, "x.py"),
        ("diff --git a/x.py a/x.py\n--- a/x.py\n+++ a/x.py\n" + CHANGE, "a/x.py"),
        ("diff --git x y.py x y.py\n--- x y.py\t\n+++ x y.py\t\n" + CHANGE, "x y.py"),
        ("--- pkg-1.0.orig/src/x.c\n+++ pkg-1.0/src/x.c\n" + CHANGE, "src/x.c"),
        ("--- x.c.orig\n+++ x.c\n" + CHANGE, "x.c"),
        ("diff -r 0a1b2c3d4e5f x/y.py\n--- a/x/y.py\tThu Jan 01 00:00:01 2026 +0000\n"
         "+++ b/x/y.py\tThu Jan 01 00:00:02 2026 +0000\n" + CHANGE, "x/y.py"),
        ("Index: pkg-1.0/x.c\n====================\n--- pkg-1.0.orig/x.c\n+++ pkg-1.0/x.c\n"
         + CHANGE, "x.c"),
        ("diff --git b/x.py a/x.py\ndeleted file mode 100644\n--- b/x.py\n+++ /dev/null\n"
         "@@ -1 +0,0 @@\n-x\n", "x.py"),
    ],
)  # fmt: skip
def test_name_of_a_file_is_that_in_the_project(header: str, name: str) -> None:
    diff = parse(header)
    assert [one.name for one in diff.files] == [name]
    assert diff.problems == []


def test_renamed_file_has_both_names_and_modes() -> None:
    (file,) = parse(
        "diff --git a/old name.py b/new name.py\nold mode 100644\nnew mode 100755\n"
        "similarity index 90%\nrename from old name.py\nrename to new name.py\n"
        "--- a/old name.py\t\n+++ b/new name.py\t\n" + CHANGE
    ).files
    assert (file.old_name, file.new_name, file.change) == ("old name.py", "new name.py", "renamed")
    assert (file.old_mode, file.new_mode) == ("100644", "100755")
    assert file.problems == []


@pytest.mark.parametrize(
    ("text", "change"),
    [
        ("diff --git a/x b/x\nnew file mode 100644\nindex 000..e69\n", "added"),
        ("diff --git a/x b/x\ndeleted file mode 100644\nindex e69..000\n", "deleted"),
        ("diff --git a/x b/x\nold mode 100644\nnew mode 100755\n", "changed"),
        ("diff --git a/x b/y\nsimilarity index 100%\ncopy from x\ncopy to y\n", "copied"),
        ("--- /dev/null\n+++ b/x\n@@ -0,0 +1 @@\n+x\n", "added"),
        ("--- x\t1970-01-01 00:00:00.000000000 +0000\n+++ x\t2026-01-01 00:00:00\n"
         "@@ -0,0 +1 @@\n+x\n", "added"),
    ],
)  # fmt: skip
def test_kind_of_change_is_that_of_the_header(text: str, change: str) -> None:
    diff = parse(text)
    assert [one.change for one in diff.files] == [change]
    assert diff.problems == []


@pytest.mark.parametrize(
    "text",
    [
        "diff --git a/p.png b/p.png\nindex 1..2 100644\nBinary files a/p.png and b/p.png differ\n",
        "diff --git a/p.png b/p.png\nindex 1..2\nGIT binary patch\nliteral 3\nKcmZ\n\n",
        "Binary files old/p.png and new/p.png differ\n",
        "Index: p.png\n===================\nCannot display: file marked as a binary type.\n",
    ],
)
def test_binary_file_is_one_whose_lines_are_not_counted(text: str) -> None:
    diff = parse(text + AUTH)
    first, second = diff.files
    assert (first.name, first.binary, first.added, first.removed) == ("p.png", True, 0, 0)
    assert (second.name, second.binary) == ("auth.py", False)
    assert diff.problems == []


# -- Text around the patch --------------------------------------------------------------------

MAIL = """From 0123456789abcdef0123456789abcdef01234567 Mon Sep 17 00:00:00 2001
From: Somebody <somebody@example.org>
Subject: [PATCH] Change much

- one thing goes
+ another comes
--- this is no header
---
 auth.py | 2 +-

"""


def test_mail_around_a_patch_is_text_and_no_change() -> None:
    diff = parse(MAIL + AUTH + "-- \n2.47.1\n\n" + MAIL + git_header("b.py") + CHANGE + "--\n2.4\n")
    assert files(diff) == [("auth.py", 1, 1), ("b.py", 1, 1)]
    assert [type(one) for one in diff.sections] == [Text, File, Text, File, Text]
    assert diff.problems == []


def test_signature_ends_a_hunk_that_counts_too_much() -> None:
    diff = parse(MAIL + git_header("x") + "@@ -1,9 +1,9 @@\n-a\n+b\n-- \n2.47.1\n")
    assert files(diff) == [("x", 1, 1)]
    assert kinds(diff) == [ProblemKind.COUNTS]


def test_properties_of_svn_are_notes_of_their_file() -> None:
    diff = parse(
        "Index: a.c\n===================\n--- a.c\t(revision 1)\n+++ a.c\t(working copy)\n"
        + CHANGE
        + "\nProperty changes on: a.c\n___________________\nAdded: svn:keywords\n"
        "## -0,0 +1,2 ##\n+--- b/other.c\n++++ b/other.c\n\\ No newline at end of property\n"
        "Deleted: svn:executable\n   - *\n+ plain\n\n"
        "Index: b.c\n===================\n--- b.c\t(revision 1)\n+++ b.c\t(working copy)\n" + CHANGE
    )
    assert files(diff) == [("a.c", 1, 1), ("b.c", 1, 1)]
    assert [type(part) for part in diff.files[0].parts] == [Hunk, Notes, Notes]
    assert diff.problems == []


def test_context_diff_is_shown_and_not_counted() -> None:
    diff = parse(
        "*** x.c\t2026-01-01\n--- x.c\t2026-01-02\n***************\n*** 1,2 ****\n! old\n- gone\n"
        "--- 1,1 ----\n! new\n" + AUTH
    )
    assert files(diff) == [("x.c", 0, 0), ("auth.py", 1, 1)]
    assert kinds(diff) == [ProblemKind.NOT_UNIFIED]


def test_combined_diff_has_a_sign_for_each_parent() -> None:
    diff = parse(
        "diff --cc x.py\nindex 1,2..3\n--- a/x.py\n+++ b/x.py\n@@@ -1,3 -1,2 +1,3 @@@\n"
        "  same\n- ours\n -theirs\n++both\n +one\n" + AUTH
    )
    assert files(diff) == [("x.py", 2, 2), ("auth.py", 1, 1)]
    lines = diff.files[0].hunks[0].lines
    assert [(line.kind, line.sign, line.text, line.new) for line in lines] == [
        ("same", "  ", "same", 1),
        ("del", "- ", "ours", None),
        ("del", " -", "theirs", None),
        ("add", "++", "both", 2),
        ("add", " +", "one", 3),
    ]
    assert diff.problems == []


# -- Hunks whose headers count wrong ----------------------------------------------------------


@pytest.mark.parametrize("header", ["@@ -1,9 +1,9 @@", "@@ -1,3 +1,3 @@", "@@ -1,2 +1,9 @@"])
@pytest.mark.parametrize(
    "following",
    [
        AUTH,
        "--- a/auth.py\n+++ b/auth.py\n" + CHANGE,
        "--- a/auth.py\n+++ b/auth.py\n@@ -1 +1 @@\n-x\n+y\n",
        "--- /dev/null\n+++ b/auth.py\n@@ -0,0 +1 @@\n+x\n",
        "--- auth.py\t2026-01-01 00:00:00\n+++ auth.py\t2026-01-01 00:00:00\n" + CHANGE,
        "--- auth.py\n+++ auth.py\n" + CHANGE,
        "Index: auth.py\n===================\n--- auth.py\n+++ auth.py\n" + CHANGE,
        "diff -r 0a1b2c3d4e5f auth.py\n--- a/auth.py\tx\n+++ b/auth.py\tx\n" + CHANGE,
        "diff --cc auth.py\nindex 1,2..3\n--- a/auth.py\n+++ b/auth.py\n@@@ -1 -1 +1 @@@\n++x\n",
        "diff --git a/auth.py b/auth.py\nold mode 100644\nnew mode 100755\n",
        "Binary files auth.py and auth.py differ\n",
    ],
)
def test_next_file_never_stands_in_a_hunk_that_counts_too_much(header: str, following: str) -> None:
    diff = parse(f"--- a/x.py\n+++ b/x.py\n{header}\n same\n-old\n+new\n{following}")
    first, second = diff.files
    assert files(diff)[0] == ("x.py", 1, 1)
    assert second.name == "auth.py"
    assert ProblemKind.COUNTS in [problem.kind for problem in first.all_problems]


def test_wrong_count_is_said_with_both_numbers() -> None:
    (problem,) = parse(git_header("x") + "@@ -10,5 +10,6 @@\n a\n-b\n+c\n+d\n" + AUTH).problems
    assert problem.kind == ProblemKind.COUNTS
    assert problem.values == {"old": 5, "new": 6, "held_old": 2, "held_new": 3}


def test_changes_beyond_a_count_that_is_too_low_are_changes_of_that_hunk() -> None:
    diff = parse(git_header("x") + "@@ -1 +1 @@\n-a\n+b\n-c\n+d\n e\n" + AUTH)
    assert files(diff) == [("x", 2, 2), ("auth.py", 1, 1)]
    assert kinds(diff) == [ProblemKind.COUNTS]


def test_changes_after_a_gap_are_text_that_is_pointed_out() -> None:
    diff = parse(git_header("x") + "@@ -1 +1 @@\n-a\n+b\n\n- a point of a list\n" + AUTH)
    assert files(diff) == [("x", 1, 1), ("auth.py", 1, 1)]
    assert kinds(diff) == [ProblemKind.OUTSIDE]


@pytest.mark.parametrize("header", ["@@", "@@ ... @@", "@@ def f():", "@@ -1,x +1 @@"])
def test_hunk_without_numbers_holds_the_changes_below_it(header: str) -> None:
    diff = parse(f"{git_header('x')}{header}\n a\n-b\n+c\n\n{AUTH}")
    assert files(diff) == [("x", 1, 1), ("auth.py", 1, 1)]
    assert kinds(diff) == [ProblemKind.NO_NUMBERS]
    assert {(line.old, line.new) for line in diff.files[0].hunks[0].lines} == {(None, None)}


def test_numbers_that_no_file_can_have_are_none() -> None:
    huge = "9" * 5_000
    diff = parse(f"{git_header('x')}@@ -{huge},1 +1,{huge} @@\n-a\n+b\n")
    assert kinds(diff) == [ProblemKind.NO_NUMBERS]


def test_changes_without_any_header_of_a_hunk_are_still_changes() -> None:
    assert files(parse(f"{git_header('x')}-a\n+b\n{AUTH}")) == [("x", 1, 1), ("auth.py", 1, 1)]
    assert kinds(parse(f"{git_header('x')}-a\n+b\n")) == [ProblemKind.NO_HEADER]
    assert kinds(parse("-a\n+b\n")) == [ProblemKind.NO_NAME, ProblemKind.NO_HEADER]


def test_diff_that_is_cut_off_says_so() -> None:
    assert kinds(parse(git_header("x") + "@@ -1,9 +1,9 @@\n a\n-b")) == [ProblemKind.CUT_OFF]


@pytest.mark.parametrize(
    ("second", "kind"),
    [
        ("@@ -2,2 +2,2 @@", ProblemKind.OUT_OF_ORDER),
        ("@@ -1,2 +1,2 @@", ProblemKind.OUT_OF_ORDER),
        ("@@ -20,2 +25,2 @@", ProblemKind.OFFSET),
    ],
)
def test_hunks_that_overlap_or_go_back_or_do_not_add_up_are_pointed_out(
    second: str, kind: ProblemKind
) -> None:
    diff = parse(git_header("x") + "@@ -5,2 +5,2 @@\n a\n-b\n+c\n" + second + "\n a\n-b\n+c\n")
    assert kinds(diff) == [kind]


def test_line_without_a_sign_in_a_hunk_is_shown_and_not_counted() -> None:
    diff = parse(git_header("x") + "@@ -1,3 +1,3 @@\n a\n-b\n+c\nno sign\n d\n" + AUTH)
    assert files(diff) == [("x", 1, 1), ("auth.py", 1, 1)]
    assert kinds(diff) == [ProblemKind.NO_SIGN]
    assert [line.kind for line in diff.files[0].hunks[0].lines][3] == "stray"


# -- Lines that look like headers -------------------------------------------------------------


def test_removed_and_added_lines_that_look_like_headers_stay_lines() -> None:
    diff = parse(
        git_header("x.sql") + "@@ -1,3 +1,3 @@\n a\n--- a comment of SQL\n+++ counter\n b\n"
        "@@ -10 +10 @@\n--- total\n+++ total\n@@ -20 +20 @@\n-x\n+y\n"
    )
    assert files(diff) == [("x.sql", 3, 3)]
    assert diff.problems == []


def test_patch_within_a_patch_is_content() -> None:
    inner = AUTH.replace("\n", "\n+")
    count = AUTH.count("\n")
    text = f"--- /dev/null\n+++ b/fix.patch\n@@ -0,0 +1,{count} @@\n+{inner.removesuffix('+')}"
    assert files(parse(text + AUTH)) == [("fix.patch", count, 0), ("auth.py", 1, 1)]
    assert parse(text).problems == []


def test_empty_lines_without_their_space_are_unchanged_lines() -> None:
    diff = parse(git_header("x") + "@@ -1,3 +1,3 @@\n a\n\n-b\n+c\n" + AUTH)
    assert files(diff) == [("x", 1, 1), ("auth.py", 1, 1)]
    assert diff.problems == []


# -- Ends -------------------------------------------------------------------------------------


def test_mark_of_a_missing_newline_stays_after_its_line() -> None:
    diff = parse(
        git_header("x") + "@@ -1 +1 @@\n-a\n\\ No newline at end of file\n"
        "+b\n\\ Kein Zeilenumbruch am Dateiende.\n" + AUTH
    )
    lines = diff.files[0].hunks[0].lines
    assert [line.kind for line in lines] == ["del", "end", "add", "end"]
    assert diff.problems == []


def test_lines_after_the_last_are_pointed_out() -> None:
    diff = parse(git_header("x") + "@@ -1,2 +1 @@\n-a\n\\ No newline at end of file\n-b\n+c\n")
    assert kinds(diff) == [ProblemKind.AFTER_END]


def test_only_a_line_feed_ends_a_line() -> None:
    odd = "a\u2028b\u2029c\x85d\x0ce\x0bf\x1cg\rh"
    (line,) = parse(f"--- a/x\n+++ b/x\n@@ -0,0 +1 @@\n+{odd}\n").files[0].hunks[0].lines
    assert (line.text, line.end) == (odd, "LF")


def test_end_of_a_line_is_kept_beside_it() -> None:
    (hunk,) = parse(git_header("x") + "@@ -1 +1 @@\n-a\r\n+a\n").files[0].hunks
    assert [(line.text, line.end) for line in hunk.lines] == [("a", "CRLF"), ("a", "LF")]


def test_diff_that_was_converted_to_crlf_is_read_as_it_was() -> None:
    text = git_header("x") + "@@ -1 +1 @@\n-a\r\n+a\n" + AUTH
    diff = parse(text.replace("\n", "\r\n"))
    assert files(diff) == files(parse(text))
    assert diff.problems == []
    ends = [(line.text, line.end) for line in diff.files[0].hunks[0].lines]
    assert ends == [("a", "CRLF"), ("a", "LF")]


# -- Headers that disagree --------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "diff --git a/x.py b/x.py\n--- a/auth.py\n+++ b/auth.py\n" + CHANGE,
        "diff --git a/x.py b/x.py\n--- a/x.py\n+++ b/auth.py\n" + CHANGE,
        "diff --git a/x.py b/auth.py\n--- a/x.py\n+++ b/auth.py\n" + CHANGE,
        "diff --git a/a/x b/a/x\n--- a/x\n+++ b/x\n" + CHANGE,
        "diff --git a/x b/y\nrename from x\nrename to z\n",
        "diff --git a/x b/y\nrename from x\nrename to y\n--- a/x\n+++ b/other\n" + CHANGE,
        "Index: x.py\n===================\n--- auth.py\n+++ auth.py\n" + CHANGE,
        "--- a/x.py\n+++ b/auth.py\n" + CHANGE,
    ],
)
def test_headers_that_name_different_files_are_pointed_out(text: str) -> None:
    assert kinds(parse(text)) == [ProblemKind.NAMES]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("diff --git a/x b/x\nnew file mode 100644\n--- a/x\n+++ b/x\n" + CHANGE,
         ProblemKind.NEW_HAS_OLD),
        ("diff --git a/x b/x\ndeleted file mode 100644\n--- a/x\n+++ /dev/null\n" + CHANGE,
         ProblemKind.DELETED_HAS_NEW),
        ("diff --git a/x b/y\nsimilarity index 100%\nrename from x\nrename to y\n--- a/x\n+++ b/y\n"
         + CHANGE, ProblemKind.UNCHANGED_CHANGES),
        ("diff --git a/x b/x\nold mode 100644\n" + AUTH, ProblemKind.HALF),
        ("diff --git a/x b/y\nrename from x\n" + AUTH, ProblemKind.HALF),
        (AUTH + "new file mode 100644\nindex 0..1\n--- /dev/null\n+++ b/x\n@@ -0,0 +1 @@\n+x\n",
         ProblemKind.HALF),
        ("diff --git a/x b/x\n--- a/x\n+++ /dev/null\n@@ -1 +0,0 @@\n-x\n", ProblemKind.HALF),
        ("diff --git a/x b/x\n--- /dev/null\n+++ b/x\n@@ -0,0 +1 @@\n+x\n", ProblemKind.HALF),
        ("diff --git a/x b/x\nBinary files a/x and b/x differ\n", ProblemKind.HALF),
        ("diff --git a/x b/x\nindex 1..2\n" + "Binary files a/x and b/x differ\n" * 2,
         ProblemKind.TWICE),
        ("--- a/x\n@@ -1 +1 @@\n-a\n+b\n", ProblemKind.ONE_SIDE),
        ("diff --git a/x b/x\n" + AUTH, ProblemKind.NOTHING),
        ("--- a/x\n+++ b/x\n", ProblemKind.NOTHING),
        (AUTH + AUTH, ProblemKind.TWICE),
        (CHANGE, ProblemKind.NO_NAME),
        ("index 1..2 100644\nGIT binary patch\nliteral 3\nKcmZ\n\n", ProblemKind.NO_NAME),
    ],
)  # fmt: skip
def test_header_that_contradicts_itself_is_pointed_out(text: str, kind: ProblemKind) -> None:
    assert kinds(parse(text)) == [kind]


def test_same_file_in_two_commits_or_of_two_types_is_no_contradiction() -> None:
    commit = "commit 0123456789abcdef0123456789abcdef01234567\nAuthor: x\n\n    - text\n\n"
    assert parse(commit + AUTH + "\n" + commit + AUTH).problems == []
    link = (
        "diff --git a/x b/x\ndeleted file mode 100644\n--- a/x\n+++ /dev/null\n@@ -1 +0,0 @@\n-a\n"
        "diff --git a/x b/x\nnew file mode 120000\n--- /dev/null\n+++ b/x\n@@ -0,0 +1 @@\n+b\n"
    )
    assert parse(link).problems == []


def test_hunk_after_text_belongs_to_no_file() -> None:
    diff = parse(AUTH + "some text\n@@ -5 +5 @@\n-a\n+b\n")
    assert files(diff) == [("auth.py", 1, 1), ("", 1, 1)]
    assert kinds(diff) == [ProblemKind.NO_NAME]
