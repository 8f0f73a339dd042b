"""Verify the audit's chain."""

import argparse
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from audit.archives.verification import Files
from audit.chain import EMPTY, BrokenChain, ChainHead
from audit.models import Archive
from audit.verification import End, check_records, verify

WHOLE = "none edited, removed or reordered."
GIVE_FILES = "Give their files to verify them, too."


class Command(BaseCommand):
    help = (
        "Verify that no entry of the audit was edited, removed or moved. Otherwise name the first "
        "such entry and exit with 1. Print the head; keep it somewhere else: the owner of the "
        "database could cut off the end and reset the head, and only a head that was noted before "
        "shows that."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument(
            "files",
            nargs="*",
            type=Path,
            metavar="FILE",
            help="archives that archive_audit made: they must follow each other, and the table "
            "must go on from them",
        )
        parser.add_argument(
            "--files-only", action="store_true", help="leave the table out; no database is needed"
        )
        noted = parser.add_mutually_exclusive_group()
        noted.add_argument(
            "--expect-head",
            type=_head,
            metavar="HEAD",
            default=EMPTY,
            help="a head that was printed earlier: its entry must still exist",
        )
        noted.add_argument(
            "--after",
            type=_head,
            metavar="HEAD",
            default=EMPTY,
            help="verify only what came after a head that was printed earlier, and that its entry "
            "still exists",
        )
        parser.add_argument(
            "--processes",
            type=_at_least_one,
            default=os.cpu_count() or 1,
            help="processes to verify with (default: %(default)s, one for each core)",
        )

    def handle(
        self,
        *args: Any,
        files: list[Path],
        files_only: bool,
        expect_head: ChainHead,
        after: ChainHead,
        processes: int,
        **options: Any,
    ) -> None:
        if files_only and not files:
            raise CommandError("--files-only needs FILE")
        noted = after if after != EMPTY else expect_head
        try:
            archives = self._verify_files(files, noted, alone=files_only) if files else None
            if archives and files_only:
                archives.check_has(noted)
                self.stdout.write(f"Head {archives.end}")
            else:
                self._verify_table(archives, noted, after.sequence, processes)
        except BrokenChain as broken:
            raise CommandError(str(broken)) from None

    def _verify_files(self, paths: list[Path], noted: ChainHead, *, alone: bool) -> Files:
        archives = Files(paths)
        records = {} if alone else {one.recorded_in: one for one in Archive.objects.all()}
        _show(archives.verify(noted, records), archives.total)
        first, last = archives.before.sequence + 1, archives.end.sequence
        self.stdout.write(f"Entries {first} to {last} in files, {WHOLE}")
        return archives

    def _verify_table(
        self, archives: Files | None, noted: ChainHead, after: int, processes: int
    ) -> None:
        end = End.now()
        check_records(end)
        if archives:
            archives.compare_with_table(end)
            noted = EMPTY if archives.has(noted) else noted
        since = max(after, end.archived)
        total = max(0, end.head.sequence - since)
        with _unless_archived_since(end):
            _show(verify(end, after=since, noted=noted, processes=processes), total)
        self.stdout.write(f"{total} entries{f' after entry {since}' if since else ''}, {WHOLE}")
        if end.archive and not archives:
            self.stdout.write(f"Entries up to {end.archived} are in archives. {GIVE_FILES}")
        self.stdout.write(f"Head {end.head}")


def _show(verified: Iterator[int], total: int) -> None:
    with tqdm(total=total, unit=" entries", disable=None, leave=False) as progress:
        for count in verified:
            progress.update(count)


@contextmanager
def _unless_archived_since(end: End) -> Iterator[None]:
    """Say so if what is missing was archived while it was verified."""
    try:
        yield
    except BrokenChain:
        if End.now().archived > end.archived:
            raise CommandError("Entries were archived meanwhile. Verify again.") from None
        raise


def _head(text: str) -> ChainHead:
    try:
        return ChainHead.parse(text)
    except ValueError:
        raise argparse.ArgumentTypeError("give a head as this command prints it") from None


def _at_least_one(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError("give a number from 1")
    return int(text)
