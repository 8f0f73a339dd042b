"""The page and the plot that `make bench` writes."""

import statistics
from collections.abc import Sequence
from pathlib import Path

import matplotlib

matplotlib.use("svg")
from matplotlib import pyplot

from tests.support.site import ROOT
from tools import documented
from tools.bench.fanout import Fanout
from tools.bench.scenarios import Figure

PAGE, PLOT = ROOT / "docs" / "performance.md", ROOT / "docs" / "images" / "fanout.svg"

Results = dict[str, dict[int, list[Fanout]]]
"""For each system, and each number of sockets, its rounds."""


def cpu(results: Results, system: str, sockets: int) -> float:
    """Return CPU per delivery in µs, the median of the rounds."""
    return statistics.median(one.cpu_per_delivery for one in results[system][sockets])


def p50(results: Results, system: str, sockets: int) -> float:
    return statistics.median(one.p50 for one in results[system][sockets])


def rate(results: Results, system: str, sockets: int) -> float:
    """Return how many sockets were let in a second, the median of the rounds."""
    return statistics.median(one.sockets_per_second for one in results[system][sockets])


def marginal(results: Results, system: str, few: int, many: int) -> float:
    """Return CPU in µs of one more delivery: the slope between two numbers of sockets."""

    def slope(one: Fanout, other: Fanout) -> float:
        cpu = other.cpu / other.decisions - one.cpu / one.decisions
        deliveries = other.deliveries / other.decisions - one.deliveries / one.decisions
        return cpu / deliveries * 1e6

    rounds = zip(results[system][few], results[system][many], strict=True)
    return statistics.median(slope(one, other) for one, other in rounds)


def fanout_rows(results: Results) -> list[str]:
    sizes = sorted({size for by_size in results.values() for size in by_size})
    head = "| system | " + " | ".join(f"{size:,}" for size in sizes) + " |"
    rows = [head, "| --- " + "| ---: " * len(sizes) + "|"]
    for system, by_size in results.items():
        cells = [
            f"{cpu(results, system, size):.1f} µs, {p50(results, system, size):.0f} ms"
            if size in by_size
            else "–"
            for size in sizes
        ]
        rows.append(f"| {system} | " + " | ".join(cells) + " |")
    return rows


def figure_rows(figures: Sequence[Figure]) -> list[str]:
    rows = ["| figure | measured | reach | |", "| --- | ---: | ---: | --- |"]
    for one in figures:
        mark = "" if one.reached else "**missed** "
        value = f"{one.value:.2f}" if one.value >= 0.1 else f"{one.value:.3g}"
        value, reach = f"{value} {one.unit}", f"≤ {one.reach:.3g} {one.unit}"
        rows.append(f"| {one.what} | {value} | {reach} | {mark}{one.note} |")
    return rows


def write(results: Results, figures: Sequence[Figure], command: str) -> None:
    """Write the tables, made by `command`, to docs/performance.md, and draw the plot."""
    tables = [*figure_rows(figures), "", *fanout_rows(results)]
    documented.write(PAGE, "bench", [*tables, "", documented.made(command)])
    draw(results, PLOT)


def draw(results: Results, path: Path) -> None:
    """Plot CPU per delivery and broadcast time by number of sockets, on logarithmic scales."""
    matplotlib.rcParams["svg.hashsalt"] = "hitl"  # the same figures make the same file
    figure, (left, right) = pyplot.subplots(1, 2, figsize=(12, 5.5), layout="constrained")
    for system, by_size in results.items():
        sizes = sorted(by_size)
        ours = system.startswith("HITL")
        style = {"marker": "o", "linewidth": 2.5 if ours else 1.2, "label": system}
        left.plot(sizes, [cpu(results, system, size) for size in sizes], **style)
        right.plot(sizes, [p50(results, system, size) for size in sizes], **style)
    measured = sorted({size for by_size in results.values() for size in by_size})
    titles = {left: "CPU per delivery, µs", right: "decision to last socket, p50, ms"}
    for axes, title in titles.items():
        axes.set(xscale="log", yscale="log", xlabel="sockets", title=title)
        axes.set_xticks(measured, [f"{size:,}" for size in measured])
        axes.minorticks_off()
        axes.grid(alpha=0.3)
    figure.legend(*left.get_legend_handles_labels(), loc="outside lower center", ncols=3)
    figure.savefig(path, metadata={"Date": None})
    pyplot.close(figure)
