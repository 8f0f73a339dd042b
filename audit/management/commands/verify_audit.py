"""Verify the audit's chain."""

import argparse
import os
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from audit.chain import EMPTY, BrokenChain, ChainHead
from audit.verification import End, compare, verify


class Command(BaseCommand):
    help = (
        "Verify that no entry of the audit was edited, removed or moved. Otherwise name the first "
        "such entry and exit with 1. Print the head; keep it somewhere else: the owner of the "
        "database could cut off the end and reset the head, and only a head that was noted before "
        "shows that."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
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
        expect_head: ChainHead,
        after: ChainHead,
        processes: int,
        **options: Any,
    ) -> None:
        end = End.now()
        total = max(0, end.head.sequence - after.sequence)
        with tqdm(total=total, unit=" entries", disable=None, leave=False) as progress:
            try:
                for count in verify(end, after=after, processes=processes):
                    progress.update(count)
                compare(end, expect_head)
            except BrokenChain as broken:
                raise CommandError(str(broken)) from None
        since = f" after entry {after.sequence}" if after.sequence else ""
        self.stdout.write(f"{total} entries{since}, none edited, removed or reordered.")
        self.stdout.write(f"Head {end.head}")


def _head(text: str) -> ChainHead:
    try:
        return ChainHead.parse(text)
    except ValueError:
        raise argparse.ArgumentTypeError("give a head as this command prints it") from None


def _at_least_one(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError("give a number from 1")
    return int(text)
