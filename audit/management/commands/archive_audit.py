"""Archive the audit's oldest entries."""

import argparse
import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from audit.archives import detaching, making
from audit.archives.detaching import READ_DAYS, CannotDetach
from audit.archives.making import Made
from audit.chain import BrokenChain
from realtime import clock

DATE = re.compile(r"(\d{4})(?:-(\d\d)-(\d\d))?")


class Command(BaseCommand):
    help = (
        "Write the audit's entries before a day into a file that verify_audit verifies alone, read "
        "it again and verify it. With --detach, then delete the entries from the table; the "
        "database keeps the file's name, its SHA-256 and its last MAC, which the rest of the chain "
        "follows. After an interruption, run it again."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument(
            "--before",
            type=_day,
            required=True,
            metavar="YYYY[-MM-DD]",
            help="the first year, or the first day, that stays",
        )
        parser.add_argument(
            "--directory", type=Path, default=Path(), help="where the file is written (default: .)"
        )
        parser.add_argument(
            "--detach",
            action="store_true",
            help="delete what the file has; needs the role that owns the tables, as migrate does",
        )

    def handle(
        self, *args: Any, before: datetime, directory: Path, detach: bool, **options: Any
    ) -> None:
        _check_moment(before, detach=detach)
        try:
            with detaching.alone():
                if detach:
                    detaching.check_role()
                    self._resume(directory)
                self._archive(before, directory, detach=detach)
        except (CannotDetach, BrokenChain) as error:
            raise CommandError(str(error)) from None
        except OSError as error:
            raise CommandError(f"{error.filename or directory}: {error.strerror}") from None

    def _resume(self, directory: Path) -> None:
        if deleted := detaching.resume(directory):
            self.stdout.write(f"{deleted} entries deleted that an archive already had.")

    def _archive(self, before: datetime, directory: Path, *, detach: bool) -> None:
        header = making.plan(before)
        if header is None:
            self.stdout.write("There are no entries to archive.")
            return
        made = making.make(header, directory)
        self._say(made)
        if detach:
            detaching.detach(made)
            self.stdout.write("They were deleted from the table.")

    def _say(self, made: Made) -> None:
        path, header = made.file
        self.stdout.write(f"Entries {header.first} to {header.last} are in {path}, and verified.")
        self.stdout.write(f"SHA-256 {made.sha256}")


def _day(text: str) -> datetime:
    """Return when a day begins, or a year, in the service's time zone."""
    found = DATE.fullmatch(text)
    try:
        if found:
            year, month, day = (int(part or 1) for part in found.groups())
            return datetime(year, month, day, tzinfo=timezone.get_current_timezone())
    except ValueError:
        pass
    raise argparse.ArgumentTypeError("give a year or a day, such as 2026 or 2026-07-01")


def _check_moment(before: datetime, *, detach: bool) -> None:
    now = clock.now()
    if before > now:
        raise CommandError("--before must be in the past")
    if detach and before > now - timedelta(days=READ_DAYS):
        raise CommandError(
            f"--detach: the service needs the entries of the last {READ_DAYS} days; "
            "give an earlier day with --before"
        )
