"""The program that measures the intake reports what is missed and what is invented."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.pull_requests import diff_of
from tools.intake.__main__ import Tally, documents
from tools.intake.checks import Named, has_exactly, named_in, strangers

DIFF = diff_of("requirements.txt", " other==1.0\n-a==1.0\n+a==1.1")


def change(**fields: Any) -> dict[str, Any]:
    made = {"package": "a", "from": "1.0", "to": "1.1", "file": "requirements.txt"}
    return {**made, **fields}


def test_a_change_that_stands_in_the_diff_is_let_be() -> None:
    assert list(strangers(DIFF, [change()])) == []


@pytest.mark.parametrize(
    "fields",
    [
        *({"from": "1.1"}, {"to": "1.0"}, {"to": "1"}, {"package": "b"}, {"file": "other.txt"}),
        *({"package": "other", "from": "1.0", "to": "1.0.1"}, {"from": None, "to": "1.2"}),
    ],
)
def test_a_change_that_does_not_is_told(fields: dict[str, Any]) -> None:
    assert list(strangers(DIFF, [change(**fields)])) == [change(**fields)]


def test_titles_are_read_without_the_code_that_is_measured() -> None:
    assert named_in("Bump a from 1.0 to 1.1") == Named("a", "1.0", "1.1")
    assert named_in("Lock file maintenance") is None
    assert named_in("Update all dependencies to v5") is None
    assert has_exactly(Named("A", "1.0", "v1"), change())
    assert not has_exactly(Named("a", "0.9", "1.1"), change())
    assert not has_exactly(Named("a", "1.0", "1.2"), change())


def test_what_is_missed_is_told_apart_from_what_the_diff_does_not_do(tmp_path: Path) -> None:
    readme = DIFF.replace(".txt", ".md")
    commits = [
        {"title": "Bump a from 1.0 to 1.1", "author": "dependabot[bot]", "diff": DIFF},
        {"subject": "Bump a from 1.0 to 2.0", "author": "dependabot[bot]", "diff": DIFF},
        {"title": "Bump a from 1.0 to 1.1", "author": "renovate[bot]", "diff": readme},
    ]
    file = tmp_path / "commits.jsonl"
    file.write_text("\n".join(map(json.dumps, commits)))
    tally = Tally()
    for where, document in documents(file):
        tally.add(where, document)
    assert [one.split("; ")[0] for one in tally.misses] == [
        "Bump a from 1.0 to 2.0: no added line has both the name and the version",
        "Bump a from 1.0 to 1.1: MISSED",
    ]
    assert tally.unfounded == tally.crashes == []
