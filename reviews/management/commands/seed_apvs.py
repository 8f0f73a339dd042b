"""Add demo APVs."""

import argparse
import math
import time
from collections.abc import Iterator, Sequence
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from realtime import clock
from reviews import services
from reviews.demo.apvs import demo_apvs
from reviews.models import APV

MOST = 100_000
SLOWEST = 0.001
PER_TRANSACTION = 100
INTERRUPTED = 130
"""The exit code of a command that Ctrl-C ended, by the shell's convention."""


class Command(BaseCommand):
    help = (
        "Add demo APVs built on facts of published CVEs. The same seed gives the same APVs, but "
        "for their ids, codes and times; each run adds them again."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument(
            "--count", type=int, default=50, help=f"how many, 1 to {MOST:,} (default: 50)"
        )
        parser.add_argument("--seed", type=int, default=1, help="any whole number (default: 1)")
        parser.add_argument(
            "--rate",
            type=float,
            help="how many per second, so that a console can be watched (default: all at once)",
        )

    def handle(
        self,
        *args: Any,
        count: int = 50,
        seed: int = 1,
        rate: float | None = None,
        **options: Any,
    ) -> None:
        if not 1 <= count <= MOST:
            raise CommandError(f"--count must be from 1 to {MOST:,}, not {count}")
        if rate is not None and not SLOWEST <= rate < math.inf:
            raise CommandError(f"--rate must be a number from {SLOWEST:g} up, not {rate:g}")
        apvs = list(demo_apvs(count, seed))
        batches = _paced(apvs, rate) if rate else _hundreds(apvs)
        added = 0
        try:
            with tqdm(total=count, unit=" APVs", disable=None) as progress:
                for batch in batches:
                    services.add_apvs(apvs=batch)
                    added += len(batch)
                    progress.update(len(batch))
        except KeyboardInterrupt:
            raise CommandError(
                f"stopped after {added} of {count} demo APVs", returncode=INTERRUPTED
            ) from None
        self.stdout.write(f"{added} demo APVs added (seed {seed}).")


def _hundreds(apvs: Sequence[APV]) -> Iterator[Sequence[APV]]:
    for start in range(0, len(apvs), PER_TRANSACTION):
        yield apvs[start : start + PER_TRANSACTION]


def _paced(apvs: Sequence[APV], rate: float) -> Iterator[Sequence[APV]]:
    """Yield one at a time, `rate` per second, and catch up after a slow write."""
    start = time.monotonic()
    for number, apv in enumerate(apvs):
        time.sleep(max(0.0, start + number / rate - time.monotonic()))
        # Add each one now, not after all were made.
        apv.created_at = clock.now()
        yield [apv]
