"""Compare how the console, git and unidiff read patches; fail on unexplained differences.

make compare-diffs ARGS="folder-of-patches git-repository commits.jsonl.gz"
"""

import argparse
import random
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from reviews.diffs import Diff, parse
from tools.compare_diffs.mutations import mutated
from tools.compare_diffs.readers import (
    Change,
    Refused,
    read_by_console,
    read_by_git,
    read_by_unidiff,
)
from tools.compare_diffs.sources import patches
from tools.compare_diffs.verdicts import verdict

READERS: dict[str, Callable[[str], list[Change]]] = {
    "git": read_by_git,
    "unidiff": read_by_unidiff,
}
COLUMNS = (
    "patches",
    "files",
    "lines",
    "git agrees",
    "unidiff agrees",
    "contradiction said",
    "known limit",
    "unexplained",
)
ON_PURPOSE = "contradictions in what was not damaged"


class Comparison:
    """Counts of verdicts by source; unexplained patches are saved to a folder."""

    def __init__(self, keep: Path | None) -> None:
        self.rows: dict[str, Counter[str]] = {}
        self.keep = keep

    def add(self, row: str, patch: str) -> Diff:
        counts = self.rows.setdefault(row, Counter())
        diff = parse(patch)
        ours = read_by_console(diff)
        counts.update(
            patches=1, files=len(ours), lines=sum(one.added + one.removed for one in ours)
        )
        for name, read in READERS.items():
            said = verdict(diff, ours, answer(read, patch))
            counts[f"{name} agrees" if said == "agrees" else said] += 1
            if said == "unexplained":
                self._keep(f"{name}-{row}-{counts[said]}", patch)
        return diff

    def _keep(self, name: str, patch: str) -> None:
        if self.keep:
            self.keep.mkdir(parents=True, exist_ok=True)
            path = self.keep / f"{name.replace('/', '_')}.diff"
            path.write_bytes(patch.encode("utf-8", "surrogateescape"))

    @property
    def unexplained(self) -> int:
        return sum(counts["unexplained"] for counts in self.rows.values())

    def table(self) -> str:
        """Return the counts as a table in Markdown."""
        lines = [f"| source | {' | '.join(COLUMNS)} |", "| --- |" + " ---: |" * len(COLUMNS)]
        for row, counts in self.rows.items():
            lines.append(f"| {row} | {' | '.join(f'{counts[one]:,}' for one in COLUMNS)} |")
        return "\n".join(lines)


def answer(read: Callable[[str], list[Change]], patch: str) -> list[Change] | Refused:
    """Return what a reader reads, or its refusal."""
    try:
        return read(patch)
    except Refused as refusal:
        return refusal


def compare(paths: list[Path], *, most: int, mutations: int, seed: int, keep: Path | None) -> int:
    """Compare all, print the table, and return the number of unexplained differences."""
    comparison, dice = Comparison(keep), random.Random(seed)
    false_alarms = 0
    for path in paths:
        for patch in patches(path, most):
            false_alarms += bool(comparison.add(_name(path), patch).problems)
            for _number in range(mutations):
                way, damaged = mutated(patch, dice)
                comparison.add(f"damaged: {way.replace('_', ' ')}", damaged)
    sys.stdout.write(f"{comparison.table()}\n\n{ON_PURPOSE}: {false_alarms}\n")
    return comparison.unexplained


def _name(path: Path) -> str:
    """Return the name of a source, or of its folder if it is a bare repository."""
    return path.parent.name if path.name in {"repo", ".git"} else path.name


def main() -> int:
    asked = argparse.ArgumentParser(prog="make compare-diffs", description=__doc__.splitlines()[0])
    asked.add_argument(
        "paths", nargs="+", type=Path, help="git repositories, folders, *.jsonl[.gz]"
    )
    asked.add_argument("--most", type=int, default=1_000, help="patches of each source")
    asked.add_argument("--mutations", type=int, default=1, help="damaged copies of each patch")
    asked.add_argument("--seed", type=int, default=1, help="of the damage")
    asked.add_argument("--keep", type=Path, help="a folder for patches that nothing explains")
    chosen = asked.parse_args()
    unexplained = compare(
        chosen.paths,
        most=chosen.most,
        mutations=chosen.mutations,
        seed=chosen.seed,
        keep=chosen.keep,
    )
    return 1 if unexplained else 0


if __name__ == "__main__":
    sys.exit(main())
