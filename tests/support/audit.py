"""Entries of the audit from earlier years, and what its commands say."""

import gzip
import io
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest import mock

from django.conf import settings
from django.core.management import call_command

from audit import chain, entries
from audit.archives.lines import Header
from audit.archives.writing import write
from audit.choices import AuditAction
from audit.models import Entry

BEGIN = datetime(2020, 12, 20, 12, tzinfo=UTC)


def record_old(count: int, *, begin: datetime = BEGIN, days: int = 1) -> None:
    """Record so many entries, some days after each other."""
    for number in range(count):
        at = begin + number * timedelta(days=days)
        with mock.patch("realtime.clock.now", return_value=at):
            entries.record(AuditAction.EXPORTED, f"list {number}", rows=number, name="ä\u2028\n")


def archive(folder: Path, before: str = "2021", *options: str) -> str:
    """Run `archive_audit`; return what it printed."""
    return _run("archive_audit", "--before", before, "--directory", str(folder), *options)


def verify(*arguments: object) -> str:
    """Run `verify_audit`; return what it printed."""
    return _run("verify_audit", "--processes", "1", *map(str, arguments))


def _run(*words: str) -> str:
    printed = io.StringIO()
    call_command(*words, stdout=printed)
    return printed.getvalue()


def rewrite(path: Path, change: Callable[[list[bytes]], Sequence[bytes]]) -> None:
    """Change the lines of an archive, without a key."""
    lines = gzip.decompress(path.read_bytes()).splitlines(keepends=True)
    path.write_bytes(gzip.compress(b"".join(change(lines))))


def written(path: Path, count: int = 6, *, first: int = 1, previous: str = chain.NO_MAC) -> Header:
    """Write an archive of entries that no database ever had; return its header."""
    rows = list(_chained(count, first, previous))
    header = Header(
        first=first,
        last=rows[-1].sequence,
        count=count,
        first_at=rows[0].at,
        last_at=rows[-1].at,
        previous=previous,
        mac=rows[-1].mac,
        keys=[rows[0].key],
    )
    write(path, header, rows)
    return header


def _chained(count: int, first: int, previous: str) -> Iterator[Entry]:
    key = settings.HITL_AUDIT_KEYS[0]
    for sequence in range(first, first + count):
        entry = Entry(
            sequence=sequence,
            at=BEGIN + timedelta(hours=sequence),
            actor="rita",
            source="rest",
            action=AuditAction.EXPORTED,
            object=f"list {sequence}",
            details=entries.as_text({"name": "ä\u2028\n"}),
            key=chain.key_id(key),
            previous=previous,
        )
        previous = entry.mac = chain.mac(entry, key)
        yield entry
