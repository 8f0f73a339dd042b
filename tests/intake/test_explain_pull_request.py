"""The command: what it reads, what it prints, and how it fails."""

import gzip
import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from reviews.management import json_files
from tests.support.pull_requests import diff_of

pytestmark = pytest.mark.django_db

PULL_REQUEST = {
    "title": "Bump lodash from 4.17.20 to 4.17.21",
    "message": "",
    "author": "dependabot[bot]",
    "branch": "dependabot/npm_and_yarn/lodash-4.17.21",
    "diff": diff_of(
        "package.json", ' "dependencies": {\n-  "lodash": "4.17.20"\n+  "lodash": "4.17.21"'
    ),
}
ANSWER = {
    "taken": True,
    "why": "The author dependabot[bot] is a known bot.",
    "changes": [
        {
            "package": "lodash",
            "ecosystem": "npm",
            "from": "4.17.20",
            "to": "4.17.21",
            "direct": True,
            "file": "package.json",
        }
    ],
    "advisories": [],
    "source": "title",
    "problems": [],
}


def run(*args: str) -> tuple[list[Any], list[str], bool]:
    """Return the answers, the lines of errors, and whether the command succeeded."""
    out, err, succeeded = io.StringIO(), io.StringIO(), True
    try:
        call_command("explain_pull_request", *args, stdout=out, stderr=err)
    except CommandError:
        succeeded = False
    return (
        list(map(json.loads, out.getvalue().splitlines())),
        err.getvalue().splitlines(),
        succeeded,
    )


def written(path: Path, text: str | bytes) -> str:
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return str(path)


ONE = json.dumps(PULL_REQUEST)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        (ONE, 1),
        (json.dumps(PULL_REQUEST, indent=2), 1),
        ("\n\n" + json.dumps(PULL_REQUEST, indent=2), 1),
        (f"{ONE}\n\n{ONE}\r\n{ONE}", 3),
        (f"[{ONE}, {ONE}]", 2),
        (json.dumps([PULL_REQUEST] * 3, indent=1), 3),
        (gzip.compress(f"{ONE}\n{ONE}\n".encode(), mtime=0), 2),
        (b"\xef\xbb\xbf" + ONE.encode(), 1),
    ],
)
def test_files_hold_one_object_a_list_or_lines(
    tmp_path: Path, text: str | bytes, number: int
) -> None:
    assert run(written(tmp_path / "in", text)) == ([ANSWER] * number, [], True)


def test_standard_input_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(gzip.compress(ONE.encode()))))
    assert run("-") == ([ANSWER], [], True)


def test_one_bad_line_does_not_stop_the_others(tmp_path: Path) -> None:
    file = written(tmp_path / "in.jsonl", f'{ONE}\n{{"title":\n{{"diff": 1}}\n[1]\n{ONE}\n')
    assert run(file) == (
        [ANSWER] * 2,
        [
            f"{file}, line 2: is no JSON: Expecting value, line 2, column 1",
            f"{file}, line 3: diff: must be a string",
            f"{file}, line 4, item 1: is no JSON object",
        ],
        False,
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", ": is empty"),
        ("hello", ", line 1: is no JSON: Expecting value, column 1"),
        ('{"title": "x"', ", line 1: is no JSON: Expecting ',' delimiter, column 14"),
        (
            "{\n 1",
            ", line 1: is no JSON: Expecting property name enclosed in double quotes, line 2",
        ),
        (b"\xff\xfe{}", ", line 1: is not UTF-8, at byte 1"),
        ("[" * 100_000, ", line 1: is nested too deeply"),
        ("7", ", line 1: is no JSON object"),
        (f'{{"title": {"9" * 5000}}}', ", line 1: is no JSON: "),
        (gzip.compress(b"{}", mtime=0)[:-9], ": cannot be read: "),
    ],
)
def test_what_cannot_be_read_is_named(tmp_path: Path, text: str | bytes, said: str) -> None:
    file = written(tmp_path / "in", text)
    answers, [error], succeeded = run(file)
    assert not answers
    assert not succeeded
    assert error.startswith(file + said)


def test_a_missing_file_does_not_stop_the_others(tmp_path: Path) -> None:
    file = written(tmp_path / "in", ONE)
    missing = str(tmp_path / "missing")
    errors = [f"{missing}: cannot be read: No such file or directory"]
    assert run(missing, file) == ([ANSWER], errors, False)


def test_a_line_that_is_too_long_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(json_files, "MOST_BYTES", 1024**2)
    long = json.dumps({"diff": "x" * 3 * 1024**2})
    file = written(tmp_path / "in", f"{ONE}\n{long}\n{ONE}\n")
    assert run(file) == ([ANSWER] * 2, [f"{file}, line 2: is longer than 1 MiB"], False)
    file = written(tmp_path / "in", f"{long}\n{ONE}\n")
    assert run(file) == ([ANSWER], [f"{file}, line 1: is longer than 1 MiB"], False)


def test_options_are_the_rules_of_a_repository(tmp_path: Path, settings: Any) -> None:
    other = {**PULL_REQUEST, "author": "acme-bot", "labels": ["security"]}
    file = written(tmp_path / "in", json.dumps(other))

    def is_taken(*args: str) -> bool:
        [answer], _errors, _succeeded = run(file, *args)
        return bool(answer["taken"])

    assert not is_taken()
    assert is_taken("--author", "acme-bot")
    assert is_taken("--label", "security")
    assert is_taken("--branch", "dependabot/*")
    settings.HITL_BOTS = ["Acme-Bot"]
    assert is_taken()


def test_without_tables_all_but_the_advisories_is_answered(tmp_path: Path) -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE reviews_advisory RENAME TO elsewhere")
    said = "Advisories were not looked up: the database cannot be read."
    [answer], [error], succeeded = run(written(tmp_path / "in", ONE))
    assert answer == {**ANSWER, "problems": [said]}
    assert error.startswith(f'{said} relation "reviews_advisory" does not exist')
    assert succeeded


def test_what_an_imported_advisory_says_is_answered(tmp_path: Path) -> None:
    affected = {
        "package": {"name": "lodash", "ecosystem": "npm"},
        "ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}, {"fixed": "4.17.21"}]}],
    }
    document = {"id": "GHSA-1", "modified": "2026-01-01T00:00:00Z", "affected": [affected]}
    document |= {"aliases": ["CVE-2021-1"], "summary": "Commands", "severity": []}
    call_command(
        "import_osv", written(tmp_path / "a.json", json.dumps(document)), stdout=io.StringIO()
    )
    [answer], _errors, _succeeded = run(written(tmp_path / "in", ONE))
    assert answer["advisories"] == [
        {
            "id": "GHSA-1",
            "aliases": ["CVE-2021-1"],
            "severity": None,
            "score": None,
            "summary": "Commands",
        }
    ]


def test_text_that_hides_is_escaped(tmp_path: Path) -> None:
    hiding = {**PULL_REQUEST, "author": "a\u202eb", "title": "\ud800"}
    out = io.StringIO()
    file = written(tmp_path / "in", json.dumps(hiding))
    call_command("explain_pull_request", file, stdout=out)
    assert out.getvalue().isascii()


def test_help_has_examples(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        call_command("explain_pull_request", "--help")
    assert "explain_pull_request commits.jsonl.gz" in " ".join(capsys.readouterr().out.split())
