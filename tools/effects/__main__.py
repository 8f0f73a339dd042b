"""Run the fault table of decisions that take effect; exit with 1 unless all is as decided."""

import argparse
import os
import sys
import time
from typing import NamedTuple

import django

from tests.support import environment  # first: it starts PostgreSQL

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hitl_project.settings")
django.setup()

from tests.support.forges import FAKES  # noqa: E402 — these need the apps
from tests.support.site import ROOT  # noqa: E402
from tools import documented  # noqa: E402
from tools.effects.faults import FAULTS  # noqa: E402
from tools.effects.run import FULL, SMALL, Fault, Measured, Size, measure  # noqa: E402
from tools.effects.world import Worlds  # noqa: E402

PAGE = ROOT / "docs" / "reliability.md"
HEADS = ("fault", "lost", "done twice", "unapproved merges", "records that differ", "longest")


class Row(NamedTuple):
    """A line of the table, and what is said below it."""

    cells: tuple[str, ...]
    notes: list[str]

    def __str__(self) -> str:
        return documented.row(self.cells)


def row_of(fault: Fault, measured: Measured) -> Row:
    one = measured.outcome
    counts = (one.lost, one.twice, one.unapproved, one.differing)
    return Row((fault.title, *map(str, counts), f"{one.longest:.1f} s"), measured.notes)


def write(rows: list[Row], size: Size) -> None:
    """Write the table, and what the rows add."""
    decisions = f"with {size.decisions} decisions on each of {len(FAKES)} forges for each fault."
    notes = [note for row in rows for note in row.notes]
    words = " ".join([documented.made("make effects"), f"It ran {decisions}", *notes])
    documented.write(PAGE, "effects", [*documented.head(HEADS), *map(str, rows), "", words])


class Progress:
    """A line on a terminal that says what is being done."""

    def __init__(self, title: str) -> None:
        self._title, self._began = title, time.monotonic()

    def __call__(self, words: str) -> None:
        if sys.stderr.isatty():
            seconds = time.monotonic() - self._began
            sys.stderr.write(f"\r\x1b[K{self._title}: {words} ({seconds:.0f} s)")

    def ended(self) -> None:
        if sys.stderr.isatty():
            sys.stderr.write("\r\x1b[K")


def run(options: argparse.Namespace, worlds: Worlds) -> int:
    size = SMALL if options.quick else FULL
    size = Size(options.decisions or size.decisions, size.stretch)
    print(f"{size.decisions} decisions on each of {len(FAKES)} forges for each fault")
    rows, clean = [], True
    for make in FAULTS:
        fault = make()
        if (options.quick and fault.covered) or options.only not in fault.title:
            continue
        progress = Progress(fault.title)
        measured = measure(fault, worlds.get(**fault.variables), size, progress)
        progress.ended()
        rows.append(row_of(fault, measured))
        clean = clean and measured.outcome.clean
        print(*(rows[-1], *measured.notes, *measured.failures), sep="\n", flush=True)
    if options.write:
        write(rows, size)
    print("All is as decided, once." if clean else "FAILED: see above.")
    return 0 if clean else 1


def main() -> None:
    assert environment
    parser = argparse.ArgumentParser(prog="make effects", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="the short form, as in make test")
    parser.add_argument("--decisions", type=int, metavar="N", help="on each forge, for each fault")
    parser.add_argument(
        "--only", metavar="WORDS", default="", help="only faults with these words in the title"
    )
    parser.add_argument(
        "--write", action="store_true", help="put the table into docs/reliability.md"
    )
    worlds = Worlds()
    try:
        code = run(parser.parse_args(), worlds)
    finally:
        worlds.close()
    sys.exit(code)


if __name__ == "__main__":
    main()
