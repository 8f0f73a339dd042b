"""Print how the orders of versions compare with published ones, and what a folder gives.

python -m tools.versions [FOLDER …]
"""

import argparse
import os
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import django

from reviews.versions import order_of
from tools.versions.tables import Pair, Table, tables


def main() -> int:
    parser = argparse.ArgumentParser(prog="make versions", description=__doc__)
    parser.add_argument("folders", nargs="*", type=Path, metavar="FOLDER", help="of OSV advisories")
    folders: list[Path] = parser.parse_args().folders
    wrong = print_tables()
    if folders:
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hitl_project.settings")
        django.setup()
        print_advisories(folders)
    return 1 if wrong else 0


def print_tables() -> int:
    """Print the table; return how many pairs are wrong."""
    rows = [_row(table) for table in tables()]
    heads = ("ordering", "order", "pairs", "right", "wrong", "source")
    width = [max(len(str(row[at])) for row in (heads, *rows)) for at in range(len(heads))]
    for row in (heads, *rows):
        print("  ".join(str(cell).ljust(width[at]) for at, cell in enumerate(row)).rstrip())
    wrong = sum(int(row[4]) for row in rows)
    print(f"\n{sum(int(row[2]) for row in rows):,} pairs, {wrong:,} wrong")
    return wrong


def _row(table: Table) -> tuple[str, str, int, int, int, str]:
    wrong = sum(not _is_right(table, pair) for pair in table.pairs)
    right, order = len(table.pairs) - wrong, order_of(table.ecosystem).name
    return table.name, order, len(table.pairs), right, wrong, table.source


def _is_right(table: Table, pair: Pair) -> bool:
    return order_of(table.ecosystem).compare(pair.one, pair.other) == pair.wanted


# -- Advisories -------------------------------------------------------------------------------


def print_advisories(folders: Iterable[Path]) -> None:
    """Print what the advisories in `folders` would give, by order of versions."""
    counts: Counter[str] = Counter()
    for path in _files(folders):
        counts["files"] += 1
        counts.update(_outcomes(path))
    print()
    for what, count in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
        print(f"{count:>9,}  {what}")


def _files(folders: Iterable[Path]) -> Iterator[Path]:
    for folder in folders:
        yield from sorted(
            path for path in folder.rglob("*") if path.suffix in {".json", ".yaml", ".yml"}
        )


def _outcomes(path: Path) -> Iterator[str]:
    from reviews.imports import bumps, osv

    try:
        advisory = osv.read(path.read_bytes(), is_yaml=path.suffix != ".json")
    except osv.PassedOver as why:
        yield f"passed over: {why.reason}"
        return
    for made in bumps.apvs_of(advisory, default_severity="MEDIUM"):
        if isinstance(made, osv.PassedOver):
            yield f"passed over: {made.reason}"
            continue
        listed = "none is listed" if made["package_version"].startswith("before ") else "listed"
        yield f"bump by the order {order_of(made['package_ecosystem']).name}, from: {listed}"
        yield f"severity: {_kind(made['severity_source'])}"


def _kind(source: str) -> str:
    """Return the source of the severity, without the advisory's id."""
    return source.partition(" of ")[0]


if __name__ == "__main__":
    sys.exit(main())
