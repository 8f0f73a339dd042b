"""`archive_audit` may be killed at any line of its code: nothing is lost, and it goes on."""

import random
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from tests.support.site import Site

KILLS = 8
YEAR = """
import os, signal, sys
from datetime import UTC, datetime
from unittest import mock
from django.core.management import call_command
from audit.archives import detaching
from tests.support.audit import record_old

def archive(year):
    detaching.DELETED_AT_ONCE = 4
    options = ["--before", str(year + 1), "--directory", {folder!r}, "--detach"]
    now = datetime(year + 1, 6, 1, tzinfo=UTC)
    with mock.patch("realtime.clock.now", return_value=now):
        call_command("archive_audit", *options)

lines = []
def trace(frame, event, _):
    if "/audit/archives/" in frame.f_code.co_filename:
        lines.append(event)
        if len(lines) == {last_line}:
            os.kill(os.getpid(), signal.SIGKILL)
        return trace
"""
INTERRUPTED = """
record_old(15, begin=datetime({year}, 1, 1, tzinfo=UTC))
sys.settrace(trace)
archive({year})
sys.settrace(None)
print("lines", len(lines))
"""
AGAIN = "archive({year})"


class Archiving:
    """Archives the entries of one year after the other, and is killed meanwhile."""

    def __init__(self, site: Site, folder: Path) -> None:
        self._site, self.folder = site, folder
        self._years = count(2100, 2)  # later than all that the site has

    def run(self, last_line: int) -> str:
        """Die at one line of the code, or get through; then do it again."""
        self._year = next(self._years)
        said = self._shell(INTERRUPTED, last_line, check=False)
        self.check()
        self._shell(AGAIN, 0)
        self.check()
        return said

    def _shell(self, code: str, last_line: int, *, check: bool = True) -> str:
        script = (YEAR + code).format(folder=str(self.folder), last_line=last_line, year=self._year)
        return self._site.manage("shell", "--no-imports", "-c", script, check=check)

    def files(self) -> list[str]:
        return [str(path) for path in self.folder.glob("audit-*.gz")]

    def check(self) -> None:
        """Every entry is in the table or in a file that verifies, and the chain goes on."""
        self._site.manage("verify_audit", *self.files())
        [(first, last, found)] = self._site.rows(
            "SELECT min(sequence), max(sequence), count(*) FROM audit_entry"
        )
        assert found == last - first + 1

    def left(self) -> list[tuple[int]]:
        """Return what an archive has and the table, too."""
        return self._site.rows(
            "SELECT sequence FROM audit_entry"
            " WHERE sequence <= (SELECT max(last) FROM audit_archive)"
        )

    def records(self) -> list[tuple[str]]:
        return self._site.rows("SELECT name FROM audit_archive")

    def said_so(self) -> int:
        files = self._site.rows(
            "SELECT coalesce(sum((actions->>'audit_detached')::int), 0) FROM audit_archive"
        )
        table = self._site.rows("SELECT count(*) FROM audit_entry WHERE action = 'audit_detached'")
        return int(files[0][0]) + int(table[0][0])


@pytest.fixture
def archiving(tmp_path: Path) -> Iterator[Archiving]:
    site = Site("archived")
    yield Archiving(site, tmp_path)
    site.close()


def test_archiving_that_is_killed_loses_nothing_and_goes_on(archiving: Archiving) -> None:
    archiving.run(0)  # what the site had from the beginning
    lines = int(archiving.run(0).split()[-1])
    killed_at = sorted(random.sample(range(1, lines), KILLS))
    for number, line in enumerate(killed_at, start=3):
        assert "lines" not in archiving.run(line), killed_at
        assert archiving.left() == []
        assert len(archiving.records()) == archiving.said_so() == number, killed_at
        assert len(archiving.files()) == number
        assert not list(archiving.folder.glob("*.part"))
