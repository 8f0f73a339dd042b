"""Measure this project and other systems, all in one run on the same cores."""

import argparse
import os
import sys
from collections.abc import Sequence

from tools.bench.processes import CLIENT_CORE, allow_many_files

if (os.cpu_count() or 1) > 1:
    os.sched_setaffinity(0, {CLIENT_CORE})  # and PostgreSQL and Redis with it, which start next

from tests.support import environment
from tools.bench import report, scenarios
from tools.bench.fanout import fan_out
from tools.bench.report import Results, cpu, marginal, p50, rate
from tools.bench.scenarios import Figure
from tools.bench.systems import System, ThisProject, all_systems, run

DECISIONS = {100: 30, 200: 30, 1000: 15, 2000: 10, 5000: 3, 9000: 3}
"""How many decisions are made at each number of sockets."""
COMPARED, PLOTTED = (200, 1000, 2000), (100, 5000, 9000)
ROUNDS = 3


def measure_all(systems: list[System], rounds: int, sizes: tuple[int, ...]) -> Results:
    """Measure every system at every size, in interleaved rounds: drift affects all alike."""
    results: Results = {system.name: {} for system in systems}
    for number in range(rounds):
        for system in systems:
            with system.serving():
                for size in sizes:
                    if size > system.most_sockets or (number and size in PLOTTED):
                        continue  # once is enough for a plot
                    found = run(fan_out(system, size, DECISIONS[size]))
                    results[system.name].setdefault(size, []).append(found)
                    print(line(system.name, size), *figures_of(found), sep="  ", flush=True)
    return results


def line(name: str, size: int) -> str:
    return f"{name:<42} {size:>5,} sockets"


def figures_of(found: object) -> list[str]:
    from tools.bench.fanout import Fanout

    assert isinstance(found, Fanout)
    trouble = f"lost {found.lost}, closed {found.closed}" if found.lost or found.closed else ""
    memory = f"{found.pss_per_socket / 1024:.0f} KB"
    return [f"{found.cpu_per_delivery:7.1f} µs", f"{found.p50:7.1f} ms", memory, trouble]


def comparisons(results: Results) -> list[Figure]:
    """Return the ratios that this project should reach, for the measured systems."""

    def named(words: str) -> str:
        return next(name for name in results if name.startswith(words))

    ours, daphne = named("HITL Console, Uvicorn"), named("HITL Console, Daphne")
    plain = [name for name in results if name.startswith("Channels")]
    return [
        against_native(results, ours, named("websockets")),
        *against_manager(results, ours, named("FastAPI")),
        against_plain(
            "CPU per delivery, against the best plain Channels consumers",
            *(results, ours, plain, 1 / 12),
        ),
        against_plain(
            "Daphne, CPU per delivery, against the best plain Channels on Daphne",
            *(results, daphne, [name for name in plain if name.endswith("Daphne")], 1 / 4),
        ),
    ]


def against_native(results: Results, ours: str, native: str) -> Figure:
    mine, natives = (marginal(results, one, 200, 2000) for one in (ours, native))
    what = "marginal CPU per delivery, against `websockets.broadcast()`"
    return Figure(what, mine / natives, 1.2, note=f"{mine:.1f} µs against {natives:.1f} µs")


def against_manager(results: Results, ours: str, manager: str) -> list[Figure]:
    mine, managers = (cpu(results, one, 1000) for one in (ours, manager))
    mine_p50, managers_p50 = (p50(results, one, 1000) for one in (ours, manager))
    my_rate, managers_rate = (rate(results, one, 1000) for one in (ours, manager))
    return [
        Figure(
            "CPU per delivery, whole, against the FastAPI manager",
            mine / managers,
            0.8,
            note=f"{mine:.1f} µs against {managers:.1f} µs",
        ),
        Figure(
            "POST to the last of 1,000 sockets, p50, against the FastAPI manager",
            mine_p50 / managers_p50,
            1.2,
            note=f"{mine_p50:.0f} ms against {managers_p50:.0f} ms",
        ),
        Figure(
            "time to let in 1,000 users, against the FastAPI manager, which knows none",
            managers_rate / my_rate,
            1 / 0.8,
            note=f"{my_rate:,.0f} a second against {managers_rate:,.0f}",
        ),
    ]


def against_plain(
    what: str, results: Results, ours: str, plain: Sequence[str], reach: float
) -> Figure:
    mine, best = cpu(results, ours, 1000), min(cpu(results, one, 1000) for one in plain)
    return Figure(what, mine / best, reach, note=f"{mine:.1f} µs against {best:.1f} µs")


def alone(single: float, manager: System, rows: bool) -> list[Figure]:
    """Return the figures that are measured after the fan-out, most of this project alone."""
    figures = [
        scenarios.undisturbed(ThisProject("uvicorn"), manager),
        scenarios.burst(ThisProject("uvicorn"), single),
        scenarios.idle_memory(ThisProject("uvicorn")),
        *scenarios.nine_thousand(ThisProject("uvicorn")),
        *scenarios.stalled_reader(ThisProject("uvicorn")),
        scenarios.pings_under_decisions(ThisProject("uvicorn")),
    ]
    if rows:
        figures += scenarios.many_rows(lambda: ThisProject("uvicorn"))
    return figures


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="how often (default: 3)")
    parser.add_argument("--quick", action="store_true", help="few sizes, for a first look")
    parser.add_argument("--write", action="store_true", help="write docs/performance.md")
    options = parser.parse_args()
    allow_many_files()
    sizes = COMPARED if options.quick else (*COMPARED, *PLOTTED)
    systems = all_systems(slow=max(COMPARED) if options.quick else 5000)
    results = measure_all(systems, options.rounds, tuple(sorted(sizes)))
    manager = next(one for one in systems if one.name.startswith("FastAPI"))
    single = cpu(results, "HITL Console, Uvicorn", 1000)
    figures = comparisons(results) + alone(single, manager, rows=not options.quick)
    print("", *report.figure_rows(figures), "", *report.fanout_rows(results), sep="\n")
    if options.write:
        arguments = f' ARGS="{" ".join(sys.argv[1:])}"'
        report.write(results, figures, f"make bench{arguments}")
    missed = [one.what for one in figures if not one.reached]
    print(f"\nMissed: {'; '.join(missed)}." if missed else "\nEvery figure is reached.")
    return 0


if __name__ == "__main__":
    assert environment
    sys.exit(main())
