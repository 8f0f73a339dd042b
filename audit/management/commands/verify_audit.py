"""Verify the audit's chain."""

import argparse
from collections.abc import Iterator
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from audit import chain
from audit.models import Entry, Head
from realtime.snapshot import snapshot

AT_ONCE = 2000


class Command(BaseCommand):
    help = (
        "Verify that no entry of the audit was edited, removed or moved. Otherwise name the first "
        "such entry and exit with 1. Print the head; keep it somewhere else: the owner of the "
        "database could cut off the end and reset the head, and only a head that was noted before "
        "shows that."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument(
            "--expect-head",
            type=_head,
            metavar="HEAD",
            help="a head that was printed earlier: its entry must still exist",
        )

    def handle(self, *args: Any, expect_head: chain.ChainHead | None, **options: Any) -> None:
        with snapshot():
            row = Head.objects.first()
            head = chain.ChainHead(row.sequence, row.mac) if row else chain.EMPTY
            progress = tqdm(
                chain.verified(_entries(), head, expect_head),
                total=head.sequence,
                unit=" entries",
                disable=None,
                leave=False,
            )
            try:
                for _ in progress:
                    pass
            except chain.BrokenChain as broken:
                raise CommandError(str(broken)) from None
        self.stdout.write(f"{head.sequence} entries, none edited, removed or reordered.")
        self.stdout.write(f"Head {head}")


def _entries() -> Iterator[Entry]:
    """Yield all entries in order, reading in batches."""
    last = 0
    in_order = Entry.objects.order_by("sequence")
    while batch := list(in_order.filter(sequence__gt=last)[:AT_ONCE]):
        yield from batch
        last = batch[-1].sequence


def _head(text: str) -> chain.ChainHead:
    try:
        return chain.ChainHead.parse(text)
    except ValueError:
        raise argparse.ArgumentTypeError("give a head as this command prints it") from None
