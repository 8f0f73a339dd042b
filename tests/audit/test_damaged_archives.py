"""A file of archived entries that is not as it was written is refused by one clear sentence."""

import gzip
import json
import re
import tracemalloc
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.audit import rewrite, verify, written

Lines = list[bytes]
WHOLE = "Entries 1 to 6 in files, none edited, removed or reordered."


@pytest.fixture
def path(tmp_path: Path) -> Path:
    written(tmp_path / "a.jsonl.gz")
    return tmp_path / "a.jsonl.gz"


def refusal(*files: Path) -> str:
    """Return why the files are refused, without a database."""
    with pytest.raises(CommandError) as refused:
        verify(*files, "--files-only")
    said = str(refused.value)
    assert "\n" not in said
    return said


def test_file_as_it_was_written_is_verified_without_a_database(path: Path) -> None:
    assert verify(path, "--files-only").startswith(WHOLE)
    rewrite(path, lambda lines: lines)  # packed by another program
    assert verify(path, "--files-only").startswith(WHOLE)


def with_field(number: int, **fields: Any) -> Callable[[Lines], Lines]:
    """Return how fields of a line are changed, which is then written as we write lines."""

    def change(lines: Lines) -> Lines:
        changed = {**json.loads(lines[number]), **fields}
        text = json.dumps(changed, ensure_ascii=False, separators=(",", ":"))
        return [*lines[:number], text.encode() + b"\n", *lines[number + 1 :]]

    return change


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (with_field(3, actor="x"), "Entry 3 was edited"),
        (with_field(6, at="2030-01-01T00:00:00.000000Z"), "Entry 6 was edited"),
        (with_field(3, previous="0" * 64), "Entry 3 was edited"),
        (with_field(3, key="other"), "Entry 3 was signed with the key other"),
        (with_field(3, mac="é"), "Entry 3 was edited"),
        (with_field(3, user_id="7"), "line 4, which had entry 3, was edited or is damaged"),
        (with_field(3, more=1), "line 4, which had entry 3, was edited or is damaged"),
        (with_field(3, actor=None), "line 4, which had entry 3, was edited or is damaged"),
        (with_field(3, at="0001-01-01T00:00:00+14:00"), "line 4, which had entry 3, was edited"),
        (lambda a: [*a[:3], b" " + a[3], *a[4:]], "line 4, which had entry 3, was edited"),
        (lambda a: [*a[:3], b"[" * 100_000 + b"\n", *a[4:]], "line 4, which had entry 3, was"),
        (lambda a: [*a[:3], b"\xff\xfe\n", *a[4:]], "line 4, which had entry 3, was edited"),
        (lambda a: [*a[:3], b"\n", *a[3:]], "line 4, which had entry 3, was edited"),
        (lambda a: [*a[:3], *a[4:]], "entry 4 stands where entry 3 was"),
        (lambda a: [*a[:4], *a[3:]], "entry 3 stands where entry 4 was"),
        (lambda a: [*a[:3], a[4], a[3], *a[5:]], "entry 4 stands where entry 3 was"),
        (lambda a: [a[0], *a[2:]], "entry 2 stands where entry 1 was"),
        (lambda a: a[:-1], "Entry 6 was removed"),
        (lambda a: a[:3], "Entries 3 to 6 were removed"),
        (lambda a: a[:1], "Entries 1 to 6 were removed"),
        (lambda a: [*a, a[-1]], "line 8 was added"),
        (lambda a: [*a, b"x\n"], "line 8, which had entry 7, was edited or is damaged"),
        (lambda a: [*a[:-1], a[-1][:-1]], "line 7, which had entry 6, was edited or is damaged"),
        (with_field(0, last=5), "its header was edited"),
        (with_field(0, count=5), "its header was edited"),
        (with_field(0, format="hitl-console-audit-2"), "its header was edited"),
        (with_field(0, signature=""), "its header was edited"),
        (with_field(0, key="other"), "it was signed with the key other, which is not in HITL"),
        (with_field(0, last="6"), "this is no archive of the audit, or is damaged"),
        (lambda a: a[1:], "this is no archive of the audit, or is damaged"),
        (lambda a: [], "this is no archive of the audit, or is damaged"),
    ],
)
def test_first_line_that_was_changed_is_named(
    path: Path, change: Callable[[Lines], Sequence[bytes]], reason: str
) -> None:
    rewrite(path, change)
    assert re.match(rf"a\.jsonl\.gz: {re.escape(reason)}", refusal(path))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_line_with_any_other_byte_is_refused(path: Path, data: st.DataObject) -> None:
    whole = path.read_bytes()
    lines = gzip.decompress(whole)
    place = data.draw(st.integers(0, len(lines) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda byte: byte != lines[place]))
    path.write_bytes(gzip.compress(lines[:place] + bytes([byte]) + lines[place + 1 :]))
    refusal(path)
    path.write_bytes(whole)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_file_with_any_other_byte_is_refused_or_says_the_same(
    path: Path, data: st.DataObject
) -> None:
    """Some bytes mean nothing, such as the time at which a file was packed."""
    whole = path.read_bytes()
    place = data.draw(st.integers(0, len(whole) - 1))
    path.write_bytes(whole[:place] + data.draw(st.binary(max_size=3)) + whole[place + 1 :])
    said = verified_or_refused(path)
    assert said.startswith((WHOLE, "a.jsonl.gz: "))
    path.write_bytes(whole)


def verified_or_refused(path: Path) -> str:
    try:
        return verify(path, "--files-only")
    except CommandError as refused:
        return str(refused)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_file_that_was_cut_off_is_refused(path: Path, data: st.DataObject) -> None:
    whole = path.read_bytes()
    path.write_bytes(whole[: data.draw(st.integers(0, len(whole) - 1))])
    refusal(path)
    path.write_bytes(whole)


@pytest.mark.parametrize(
    ("contents", "reason"),
    [
        (b"no archive", "it is damaged after line 0: Not a gzipped file"),
        (gzip.compress(b"no archive", mtime=0), "this is no archive of the audit, or is damaged."),
        (b"", "this is no archive of the audit, or is damaged."),
    ],
    ids=["not packed", "other lines", "empty"],
)
def test_what_is_no_archive_is_refused(tmp_path: Path, contents: bytes, reason: str) -> None:
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(contents)
    assert refusal(path).startswith(f"a.jsonl.gz: {reason}")


def test_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path / "a") == "a: it cannot be read: No such file or directory"
    assert refusal(tmp_path) == f"{tmp_path.name}: it cannot be read: Is a directory"


def test_file_of_another_key_is_refused(path: Path, settings: Any) -> None:
    mine, settings.HITL_AUDIT_KEYS = settings.HITL_AUDIT_KEYS, ["another-installation"]
    assert "signed with the key" in refusal(path)
    settings.HITL_AUDIT_KEYS = ["another-installation", *mine]
    assert verify(path, "--files-only").startswith(WHOLE)


# -- Several files ----------------------------------------------------------------------------


@pytest.fixture
def three(path: Path) -> list[Path]:
    """Return three files that follow each other."""
    mac = verify(path, "--files-only").rpartition("Head 6:")[2].strip()
    second, third = path.with_name("b.jsonl.gz"), path.with_name("c.jsonl.gz")
    mac = written(second, 4, first=7, previous=mac).mac
    written(third, 4, first=11, previous=mac)
    return [path, second, third]


def test_files_verify_together_in_any_order(three: list[Path]) -> None:
    assert verify(*reversed(three), "--files-only").startswith("Entries 1 to 14 in files")


def test_missing_or_repeated_file_is_named(three: list[Path]) -> None:
    first, second, third = three
    missing = "c.jsonl.gz: a file before it is missing. Entries 7 to 10 were removed."
    assert refusal(third, first) == missing
    assert refusal(first, second, first).startswith("a.jsonl.gz: entry 1 is in another of the")
    written(second, 4, first=7, previous="f" * 64)
    assert refusal(*three) == "b.jsonl.gz: it does not follow the entry 6 of the files."


@pytest.mark.django_db
def test_file_of_another_chain_does_not_go_with_the_table(path: Path) -> None:
    with pytest.raises(CommandError, match=r"The table does not go on from a\.jsonl\.gz\. Entr"):
        verify(path)


def test_large_file_takes_no_more_memory(tmp_path: Path) -> None:
    """It is read a line at a time."""
    peaks = []
    for count in (500, 5000):
        written(path := tmp_path / f"{count}.jsonl.gz", count)
        tracemalloc.start()
        verify(path, "--files-only")
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.5 * peaks[0]
