"""When two diffs make the same patch."""

import subprocess
from pathlib import Path

import pytest

from reviews.diffs.patch_id import patch_id

ONE = """diff --git a/x.yml b/x.yml
index 1111111..2222222 100644
--- a/x.yml
+++ b/x.yml
@@ -1,3 +1,3 @@ on:
 jobs:
-  build: 1
+  build: 2
 more: 3
"""
TWO = ONE.replace("x.yml", "y.yml")
BINARY = """diff --git a/x.bin b/x.bin
index 1111111..2222222 100644
Binary files a/x.bin and b/x.bin differ
"""


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (ONE, ONE.replace("1111111..2222222", "3333333..4444444")),
        (ONE, ONE.replace("@@ -1,3 +1,3 @@ on:", "@@ -71,3 +81,3 @@ else:")),
        (ONE + TWO, TWO + ONE),
        (ONE, f"From: somebody\nSubject: [PATCH] other words\n\n{ONE}"),
    ],
)
def test_what_makes_the_same_patch(before: str, after: str) -> None:
    assert patch_id(before) == patch_id(after) != ""


@pytest.mark.parametrize(
    "after",
    [
        ONE.replace("+  build: 2", "+  build: 3"),
        ONE.replace("+  build: 2", "+    build: 2"),
        ONE.replace(" jobs:", " tasks:"),
        ONE.replace("x.yml", "z.yml"),
        ONE + TWO,
        ONE.replace("index", "old mode 100644\nnew mode 100755\nindex"),
        "",
    ],
)
def test_what_makes_another_patch(after: str) -> None:
    assert patch_id(ONE) != patch_id(after)


def test_contents_of_binary_files_are_known_by_their_hashes() -> None:
    assert patch_id(BINARY) != patch_id(BINARY.replace("2222222", "3333333"))


def test_text_without_a_file_is_no_patch() -> None:
    assert patch_id("") == patch_id("nothing here\n") == ""


@pytest.mark.parametrize(
    "after", [ONE.replace("-1,3 +1,3", "-9,3 +9,3"), ONE.replace("2\n", "4\n")]
)
def test_git_finds_the_same(after: str, tmp_path: Path) -> None:
    def id_of(diff: str) -> str:
        command = ["git", "patch-id", "--verbatim"]
        done = subprocess.run(command, input=diff, capture_output=True, text=True, check=True)
        return done.stdout.split()[0]

    assert (patch_id(ONE) == patch_id(after)) is (id_of(ONE) == id_of(after))
