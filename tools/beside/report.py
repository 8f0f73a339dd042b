"""The table that `make beside` writes to docs/performance.md."""

import statistics
from collections.abc import Callable, Sequence

from tests.support.site import ROOT
from tools import documented
from tools.beside.measuring import Answer, middle

PAGE = ROOT / "docs" / "performance.md"

Results = dict[str, list[list[Answer]]]
"""For each page, of each round, the medians of each system; this project is the first."""

FIGURES: dict[str, tuple[Callable[[Answer], float], str]] = {
    "CPU of the server": (lambda one: one.cpu, "{:.1f} ms"),
    "CPU of the server for a row": (lambda one: one.cpu / one.rows, "{:.2f} ms"),
    "time to the whole answer": (lambda one: one.wall, "{:.1f} ms"),
    "rows": (lambda one: one.rows, "{:.0f}"),
    "HTML transferred": (lambda one: one.sent / 1024, "{:.1f} KiB"),
    "HTML unpacked": (lambda one: one.size / 1024, "{:.1f} KiB"),
}
"""What is told of an answer, and how."""


def table(names: Sequence[str], results: Results) -> list[str]:
    rows = [f"| | {' | '.join(names)} | ratio, lowest to highest |", "| --- | ---: | ---: | ---: |"]
    for page, rounds in results.items():
        for figure, (value, shown) in FIGURES.items():
            medians = [value(middle(of_one)) for of_one in zip(*rounds, strict=True)]
            cells = [f"{page}: {figure}", *map(shown.format, medians), ratios(rounds, value)]
            rows.append(f"| {' | '.join(cells)} |")
    return rows


def ratios(rounds: list[list[Answer]], value: Callable[[Answer], float]) -> str:
    """Return the median of the rounds' ratios, and their range if they differ."""
    found = sorted(f"{value(ours) / value(theirs):.2f}" for ours, theirs in rounds)
    span = "" if found[0] == found[-1] else f", {found[0]}–{found[-1]}"
    return f"{statistics.median(map(float, found)):.2f} ×{span}"


def write(rows: Sequence[str], command: str, pending: int) -> None:
    """Write the table, made by `command`, to docs/performance.md."""
    made = f"Over {pending:,} open items. {documented.made(command)}"
    documented.write(PAGE, "beside", [*rows, "", made])
