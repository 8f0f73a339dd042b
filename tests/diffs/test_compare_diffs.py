"""The console, git and unidiff agree on git's diffs, and damage is reported."""

import json
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reviews.diffs import parse
from tests.support.repositories import OPTIONS, TREES, Repository, git, new_repository
from tools.compare_diffs.__main__ import answer, compare
from tools.compare_diffs.mutations import MUTATIONS, mutated
from tools.compare_diffs.readers import read_by_console, read_by_git, read_by_unidiff
from tools.compare_diffs.verdicts import verdict

FEW = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture(scope="module")
def repository() -> Iterator[Repository]:
    with new_repository() as made:
        yield made


@FEW
@given(TREES, TREES, OPTIONS)
def test_what_git_writes_is_read_as_git_reads_it(
    repository: Repository,
    before: dict[str, bytes],
    after: dict[str, bytes],
    options: tuple[str, ...],
) -> None:
    patch = repository.diff(before, after, options)
    diff = parse(patch)
    assert diff.problems == []
    if diff.files:
        assert sorted(read_by_console(diff)) == sorted(read_by_git(patch))


@FEW
@given(TREES, TREES, OPTIONS, st.randoms(use_true_random=False))
def test_damaged_patch_is_read_as_git_reads_it_or_its_contradiction_is_said(
    repository: Repository,
    before: dict[str, bytes],
    after: dict[str, bytes],
    options: tuple[str, ...],
    dice: random.Random,
) -> None:
    _way, patch = mutated(repository.diff(before, after, options), dice)
    diff = parse(patch)
    theirs = answer(read_by_git, patch)
    assert verdict(diff, read_by_console(diff), theirs) != "unexplained", theirs


PATCH = (
    "diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1,2 +1,2 @@\n \n-old\n+new\n"
    "diff --git a/y b/y\n--- a/y\n+++ b/y\n@@ -1 +1 @@\n-old\n+new\n"
)


def test_each_way_of_damage_changes_a_patch() -> None:
    lines = PATCH.splitlines(keepends=True)
    for way in MUTATIONS:
        changed = [way(list(lines), random.Random(seed)) for seed in range(20)]
        assert any(one != lines for one in changed), way.__name__


def test_readers_agree_on_a_plain_patch() -> None:
    read = read_by_console(parse(PATCH))
    assert read == read_by_git(PATCH) == read_by_unidiff(PATCH)
    assert verdict(parse(PATCH), read, read[:1]) == "unexplained"


def test_sources_are_folders_repositories_and_lines_of_json(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, history, lines = tmp_path / "patches", tmp_path / "history", tmp_path / "commits.jsonl"
    folder.mkdir()
    (folder / "one.patch").write_text(PATCH)
    (folder / "readme.txt").write_text("no patch")
    lines.write_text(json.dumps({"diff": PATCH}) + "\n")
    history.mkdir()
    git(history, "init", "--quiet")
    for text in ("one\n", "two\n"):
        (history / "file").write_text(text)
        git(history, "add", "file")
        identity = ("-c", "user.name=x", "-c", "user.email=x@example.org")
        git(history, *identity, "commit", "--quiet", "--message", text)
    options = {"most": 10, "mutations": 1, "seed": 1, "keep": tmp_path / "kept"}
    assert compare([folder, history, lines], **options) == 0  # type: ignore[arg-type]
    table = capsys.readouterr().out
    assert "| patches | 1 | 2 | 4 | 1 | 1 | 0 | 0 | 0 |" in table
    assert "| history | 2 | 2 | 3 | 2 | 2 | 0 | 0 | 0 |" in table
    assert "contradictions in what was not damaged: 0" in table


def test_program_tells_how_it_is_used() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tools.compare_diffs", "--help"], capture_output=True, check=True
    )
    assert b"make compare-diffs" in done.stdout
