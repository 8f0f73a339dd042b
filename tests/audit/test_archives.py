"""Old entries of the audit go into files that verify, and only then leave the table."""

import errno
import gzip
import hashlib
import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest import mock

import psycopg
import pytest
from django.core.management import CommandError
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from audit import entries
from audit.archives import detaching
from audit.archives.lines import EntryLine
from audit.choices import AuditAction
from audit.models import Archive, Entry
from audit.selectors import count_of
from tests.support.audit import BEGIN, archive, record_old, verify, written

pytestmark = pytest.mark.django_db
NAME = "audit-1-12.jsonl.gz"


@pytest.fixture(autouse=True)
def old() -> None:
    """Twelve entries of 2020, eight of 2021."""
    record_old(20)


def in_table() -> list[int]:
    return list(Entry.objects.order_by("sequence").values_list("sequence", flat=True))


# -- The file ---------------------------------------------------------------------------------


def test_line_has_every_field_of_an_entry() -> None:
    assert list(EntryLine.model_fields) == [one.attname for one in Entry._meta.concrete_fields]


def test_archive_has_the_entries_before_a_year_and_leaves_them(tmp_path: Path) -> None:
    said = archive(tmp_path)
    path = tmp_path / NAME
    assert f"Entries 1 to 12 are in {path}, and verified." in said
    assert f"SHA-256 {hashlib.sha256(path.read_bytes()).hexdigest()}" in said
    header, *lines = map(json.loads, gzip.decompress(path.read_bytes()).splitlines())
    assert (header["first"], header["last"], header["count"]) == (1, 12, 12)
    assert (header["previous"], header["mac"]) == ("0" * 64, lines[-1]["mac"])
    assert header["keys"] == [lines[0]["key"]]
    assert [line["object"] for line in lines] == [f"list {number}" for number in range(12)]
    assert len(in_table()) == 20
    assert not Archive.objects.exists()
    assert path.stat().st_mode & 0o777 == 0o600
    assert os.listdir(tmp_path) == [NAME]


def test_day_can_be_given_instead_of_a_year(tmp_path: Path) -> None:
    assert "Entries 1 to 4 are in" in archive(tmp_path, "2020-12-24")


@pytest.mark.parametrize("day", ["20", "2020-13-01", "2020-1-1", "yesterday", "0000"])
def test_what_is_no_day_is_refused(tmp_path: Path, day: str) -> None:
    with pytest.raises(CommandError, match="give a year or a day"):
        archive(tmp_path, day)


def test_the_future_is_not_archived(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="must be in the past"):
        archive(tmp_path, str(timezone.now().year + 1))


def test_without_entries_there_is_no_file(tmp_path: Path) -> None:
    assert archive(tmp_path, "2020") == "There are no entries to archive.\n"
    assert os.listdir(tmp_path) == []


def test_entry_that_is_older_than_the_one_before_it_stays_with_that(tmp_path: Path) -> None:
    """Its time is taken before its transaction waits for the head."""
    record_old(1, begin=BEGIN)
    assert "Entries 1 to 12" in archive(tmp_path)
    assert "Entries 1 to 21" in archive(tmp_path, "2022")


def test_archive_that_is_there_is_verified_and_not_written_again(tmp_path: Path) -> None:
    first = archive(tmp_path)
    path = tmp_path / NAME
    before = path.stat()
    assert archive(tmp_path) == first
    assert path.stat() == before
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(CommandError, match=f"{NAME}: it was cut off"):
        archive(tmp_path, "2021", "--detach")
    assert len(in_table()) == 20


@pytest.mark.parametrize("is_there", [False, True])
def test_file_and_its_name_are_on_the_disk_before_anything_is_deleted(
    tmp_path: Path, is_there: bool
) -> None:
    """A killed process may have left the file in memory only, where a power cut would lose it."""
    if is_there:
        archive(tmp_path)
    synced: list[tuple[int, int]] = []

    def fsync(descriptor: int) -> None:
        synced.append((os.fstat(descriptor).st_ino, len(in_table())))

    with mock.patch("os.fsync", side_effect=fsync):
        archive(tmp_path, "2021", "--detach")
    inodes = [path.stat().st_ino for path in (tmp_path / NAME, tmp_path)]
    assert synced == [(inode, 20) for inode in inodes]


def test_file_of_another_chain_is_not_taken_for_the_archive(tmp_path: Path) -> None:
    written(tmp_path / NAME, 12)
    with pytest.raises(CommandError, match=f"{NAME}: it is there already, and has other entries"):
        archive(tmp_path, "2021", "--detach")
    assert len(in_table()) == 20


def test_same_entries_make_the_same_file(tmp_path: Path) -> None:
    first = archive(tmp_path)
    (tmp_path / NAME).unlink()
    assert archive(tmp_path) == first


def test_edited_table_is_not_archived(tmp_path: Path) -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE audit_entry DISABLE TRIGGER USER")
        cursor.execute("UPDATE audit_entry SET actor = 'x' WHERE sequence = 3")
    with pytest.raises(CommandError, match="Entry 3 was edited"):
        archive(tmp_path, "2021", "--detach")
    assert os.listdir(tmp_path) == []
    assert len(in_table()) == 20


def test_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"absent.*No such file"):
        archive(tmp_path / "absent")
    full = OSError(errno.ENOSPC, "No space left on device")
    with mock.patch("os.fsync", side_effect=full), pytest.raises(CommandError, match="No space"):
        archive(tmp_path, "2021", "--detach")
    assert os.listdir(tmp_path) == []
    assert len(in_table()) == 20


# -- Detaching --------------------------------------------------------------------------------


def test_detached_entries_leave_the_table_and_the_audit_says_so(tmp_path: Path) -> None:
    mac = Entry.objects.get(sequence=12).mac
    archive(tmp_path, "2021", "--detach")
    assert in_table() == [*range(13, 22)]
    kept, entry = Archive.objects.get(), Entry.objects.get(sequence=21)
    assert (kept.first, kept.last, kept.mac, kept.name) == (1, 12, mac, NAME)
    assert kept.sha256 == hashlib.sha256((tmp_path / NAME).read_bytes()).hexdigest()
    assert kept.actions == {"exported": 12}
    assert (entry.action, entry.object) == (AuditAction.AUDIT_DETACHED, NAME)
    assert json.loads(entry.details) == kept.facts()
    assert kept.recorded_in == 21


def test_chain_goes_on_from_its_archives(tmp_path: Path) -> None:
    archive(tmp_path, "2021", "--detach")
    said = verify()
    assert "9 entries after entry 12, none edited, removed or reordered." in said
    assert "Entries up to 12 are in archives." in said
    assert verify(tmp_path / NAME).splitlines() == [
        "Entries 1 to 12 in files, none edited, removed or reordered.",
        *(line for line in said.splitlines() if "archives" not in line),
    ]
    archive(tmp_path, "2022", "--detach")
    assert in_table() == [21, 22]
    both = sorted(tmp_path.iterdir(), reverse=True)
    assert "Entries 1 to 20 in files" in verify(*both)
    with pytest.raises(CommandError, match=r"Entries 13 to 20 are in archives.*audit-13-20"):
        verify(tmp_path / NAME)
    entries.record(AuditAction.EXPORTED, "another list")
    assert "3 entries after entry 20" in verify(*both)


def test_files_verify_alone(tmp_path: Path) -> None:
    archive(tmp_path, "2021", "--detach")
    archive(tmp_path, "2022", "--detach")
    second = tmp_path / "audit-13-20.jsonl.gz"
    last = Archive.objects.get(last=20).mac
    assert verify(second, "--files-only").splitlines() == [
        "Entries 13 to 20 in files, none edited, removed or reordered.",
        f"Head 20:{last}",
    ]
    with pytest.raises(CommandError, match="needs FILE"):
        verify("--files-only")


def test_everything_up_to_now_can_be_archived(tmp_path: Path) -> None:
    assert "Entries 1 to 20" in archive(tmp_path, "2022", "--detach")
    assert in_table() == [21]
    assert "1 entries after entry 20" in verify(tmp_path / "audit-1-20.jsonl.gz")
    assert archive(tmp_path, "2022", "--detach") == "There are no entries to archive.\n"


def test_archive_that_is_not_detached_yet_verifies_with_the_table(tmp_path: Path) -> None:
    archive(tmp_path)
    said = verify(tmp_path / NAME)
    assert "Entries 1 to 12 in files" in said
    assert "20 entries, none edited" in said


def test_head_noted_before_is_looked_for_in_the_files(tmp_path: Path) -> None:
    heads = {row.sequence: f"{row.sequence}:{row.mac}" for row in Entry.objects.all()}
    archive(tmp_path, "2021", "--detach")
    path = tmp_path / NAME
    for option in ("--expect-head", "--after"):
        for sequence in (12, 13, 20):
            verify(option, heads[sequence])
        with pytest.raises(CommandError, match=f"Entry 7 is in the archive {NAME}"):
            verify(option, heads[7])
        for only in ([], ["--files-only"]):
            verify(path, option, heads[7], *only)
            with pytest.raises(CommandError, match="Entry 7 is not the one that was the head once"):
                verify(path, option, f"7:{'f' * 64}", *only)
        with pytest.raises(CommandError, match="Entry 13 is in none of the files"):
            verify(path, "--files-only", option, heads[13])


def test_entries_that_the_service_reads_stay(tmp_path: Path) -> None:
    """Those that say where a user signed in from, for one."""
    day = (timezone.now() - timedelta(days=detaching.READ_DAYS - 1)).date()
    with pytest.raises(CommandError, match="needs the entries of the last 90 days"):
        archive(tmp_path, day.isoformat(), "--detach")
    assert "Entries 1 to 20" in archive(tmp_path, day.isoformat())


def test_counted_actions_are_not_forgotten(tmp_path: Path) -> None:
    archive(tmp_path, "2021", "--detach")
    assert count_of(AuditAction.EXPORTED) == 20


def test_deletion_goes_on_only_with_the_file_that_was_verified(tmp_path: Path) -> None:
    class Killed(Exception):
        pass

    with mock.patch.object(detaching, "_delete", side_effect=Killed), pytest.raises(Killed):
        archive(tmp_path, "2021", "--detach")
    assert "9 entries after entry 12" in verify()
    path, moved = tmp_path / NAME, tmp_path / "moved"
    path.rename(moved)
    with pytest.raises(CommandError, match="entries up to 12 are still to be deleted"):
        archive(tmp_path, "2021", "--detach")
    assert len(in_table()) == 21
    other = bytearray(moved.read_bytes())
    other[-1] ^= 1
    for contents in (bytes(other), b""):
        path.write_bytes(contents)
        with pytest.raises(CommandError, match="is not the file that was verified"):
            archive(tmp_path, "2021", "--detach")
        assert len(in_table()) == 21
    path.write_bytes(moved.read_bytes())
    assert "12 entries deleted that an archive already had." in archive(
        tmp_path, "2021", "--detach"
    )
    assert in_table() == [*range(13, 22)]


def test_one_process_archives_at_a_time(tmp_path: Path) -> None:
    with psycopg.connect(**connection.get_connection_params()) as other:
        other.execute("SELECT pg_advisory_lock(%s)", [detaching.LOCK])
        with pytest.raises(CommandError, match="another process archives the audit"):
            archive(tmp_path)
        other.execute("SELECT pg_advisory_unlock(%s)", [detaching.LOCK])
        archive(tmp_path)


def test_nothing_is_archived_through_a_pooler(tmp_path: Path, settings: Any) -> None:
    settings.HITL_DB_POOLER = True
    with pytest.raises(CommandError, match="DATABASE_URL must lead past the pooler"):
        archive(tmp_path)
    assert os.listdir(tmp_path) == []


# -- Nobody deletes anything else -------------------------------------------------------------

FORGED = (
    "INSERT INTO audit_archive (first, last, first_at, last_at, mac, name, sha256, actions,"
    " recorded_in) SELECT {first}, {last}, now(), now(), {mac}, 'x', 'x', '{{}}', {recorded_in}"
    " FROM audit_entry WHERE sequence = {last}"
)


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM audit_entry WHERE sequence = 13",
        "DELETE FROM audit_entry",
        "TRUNCATE audit_entry",
        "UPDATE audit_entry SET actor = 'x' WHERE sequence = 13",
        "UPDATE audit_archive SET name = 'x'",
        "DELETE FROM audit_archive",
        "TRUNCATE audit_archive",
        FORGED.format(first=13, last=15, mac="mac", recorded_in=20),
        FORGED.format(first=13, last=15, mac="previous", recorded_in=21),
        FORGED.format(first=14, last=15, mac="mac", recorded_in=21),
        FORGED.format(first=1, last=15, mac="mac", recorded_in=21),
        FORGED.format(first=16, last=15, mac="mac", recorded_in=21),
        FORGED.format(first=13, last=21, mac="mac", recorded_in=21),
    ],
)
def test_database_lets_only_archived_entries_go(tmp_path: Path, statement: str) -> None:
    archive(tmp_path, "2021", "--detach")
    with pytest.raises(IntegrityError, match=r"audit|archive"), transaction.atomic():
        connection.cursor().execute(statement)
    assert in_table() == [*range(13, 22)]


@pytest.mark.parametrize(
    ("statements", "complaint"),
    [
        (["UPDATE audit_archive SET name = 'other'"], "Entry 21 does not say what"),
        (["UPDATE audit_archive SET sha256 = repeat('0', 64)"], "Entry 21 does not say what"),
        (
            [
                "UPDATE audit_archive SET (last, mac) ="
                " (SELECT sequence, mac FROM audit_entry WHERE sequence = 15)",
                "DELETE FROM audit_entry WHERE sequence <= 15",
            ],
            "Entry 21 does not say what",
        ),
        (
            [
                FORGED.format(first=13, last=15, mac="mac", recorded_in=21),
                "DELETE FROM audit_entry WHERE sequence <= 15",
            ],
            "Entry 21 does not say what",
        ),
        (["DELETE FROM audit_archive"], "Entries 1 to 12 were removed|Entry 12 was removed"),
        (["DELETE FROM audit_entry WHERE sequence = 13"], "Entry 13 was removed"),
        (["DELETE FROM audit_entry WHERE sequence = 21"], "Entry 21 was removed"),
        (["UPDATE audit_entry SET previous = repeat('0', 64) WHERE sequence = 13"], "Entry 13"),
    ],
)
def test_gap_that_no_archive_explains_shows(
    tmp_path: Path, statements: list[str], complaint: str
) -> None:
    archive(tmp_path, "2021", "--detach")
    with connection.cursor() as cursor:
        for table in ("audit_entry", "audit_archive"):
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        for statement in statements:
            cursor.execute(statement)
    for files in ([], [tmp_path / NAME]):
        with pytest.raises(CommandError, match=complaint):
            verify(*files)


def test_edited_record_of_an_earlier_archive_shows_with_the_files(tmp_path: Path) -> None:
    archive(tmp_path, "2021", "--detach")
    with mock.patch("realtime.clock.now", return_value=datetime(2021, 2, 1, tzinfo=UTC)):
        entries.record(AuditAction.EXPORTED, "the last of that year")
    archive(tmp_path, "2022", "--detach")
    files = sorted(tmp_path.iterdir())
    verify(*files)
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE audit_archive DISABLE TRIGGER USER")
        cursor.execute("UPDATE audit_archive SET name = 'other' WHERE last = 12")
    with pytest.raises(CommandError, match="does not say what the record of other says"):
        verify(*files)


# -- Where it is listed -----------------------------------------------------------------------


def test_list_in_the_admin_says_where_the_rest_is(tmp_path: Path, admin_client: Any) -> None:
    page = "/admin/audit/entry/"
    assert "not listed here" not in admin_client.get(page).content.decode()
    archive(tmp_path, "2021", "--detach")
    said = admin_client.get(page).content.decode()
    assert "Entries up to 12, until Dec. 31, 2020, are not listed here." in said
    assert NAME in said
    assert NAME in admin_client.get("/admin/audit/archive/").content.decode()
    assert admin_client.post("/admin/audit/archive/12/delete/", {"post": "yes"}).status_code == 403
