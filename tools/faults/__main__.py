"""Run the fault table; exit with 1 if anything was lost, doubled or out of order."""

import argparse
import asyncio
import sys

from tests.support import environment  # first: it starts PostgreSQL
from tests.support.site import ROOT
from tools import documented
from tools.faults.failover import FailoverLoad, Promotions, ReplicatedWorld
from tools.faults.kinds import KINDS, Worlds, measure
from tools.faults.load import FULL, SMALL, Outcome, Size

PAGE = ROOT / "docs" / "reliability.md"
FAILOVERS = "PostgreSQL: an asynchronous replica promoted"
FAILOVERS_SIZE = Size(sockets=500, decisions=1000, per_second=50, stretch=1.0)
HEADS_OF_FAILOVERS = (
    *("promotions", "silent gaps", "two events under one offset", "stuck in an old epoch"),
    *("decisions lost by PostgreSQL", "reloads", "slowest answer", "HTTP 5xx"),
)
HEADS = (
    *("fault", "lost", "doubled", "out of order", "untold"),
    *("longest delay", "slowest answer", "HTTP 5xx", "slowest of these", "lines opened"),
)


def row(title: str, outcome: Outcome) -> str:
    cells = (
        *(title, outcome.lost, outcome.doubled, outcome.out_of_order, outcome.untold),
        *(f"{outcome.longest_delay:.1f} s", f"{outcome.slowest_answer:.1f} s"),
        *(outcome.server_errors, f"{outcome.slowest_refusal:.1f} s", outcome.lines),
    )
    return documented.row(cells)


def row_of_failovers(times: int, outcome: Promotions) -> str:
    cells = (
        *(times, outcome.gaps, outcome.two_events, outcome.stuck, outcome.lost_by_postgres),
        *(outcome.reloads, f"{outcome.slowest_answer:.1f} s", outcome.server_errors),
    )
    return documented.row(cells)


def write(name: str, lines: list[str]) -> None:
    documented.write(PAGE, name, [*lines, "", documented.made("make faults")])


async def fail_over(*, small: bool) -> tuple[int, Promotions]:
    """Return how many times a replica was promoted, and the effects."""
    times, size = (2, SMALL) if small else (20, FAILOVERS_SIZE)
    world = await asyncio.to_thread(ReplicatedWorld)
    try:
        addresses = [server.origin for server in world.servers]
        return times, await FailoverLoad(world, size, addresses).promote(times)
    finally:
        await asyncio.to_thread(world.close)


async def main(options: argparse.Namespace, worlds: Worlds) -> int:
    size = SMALL if options.small else FULL
    load = f"{size.decisions} decisions, {size.per_second} a second"
    print(f"{size.sockets} sockets on 2 processes, {load}")
    rows, clean = [], True
    for kind in KINDS:
        if options.only and options.only not in kind.title:
            continue
        outcome = await measure(kind, worlds, size)
        rows.append(row(kind.title, outcome))
        clean = clean and outcome.clean
        print(rows[-1], flush=True)
    if options.write and rows:
        write("faults", [*documented.head(HEADS), *rows])
    if not options.only or options.only in FAILOVERS:
        times, promotions = await fail_over(small=options.small)
        clean = clean and promotions.clean
        print(f"{FAILOVERS}\n{row_of_failovers(times, promotions)}", flush=True)
        if options.write:
            heads = documented.head(HEADS_OF_FAILOVERS)
            write("failovers", [*heads, row_of_failovers(times, promotions)])
    print("Nothing lost, doubled or out of order." if clean else "FAILED: see above.")
    return 0 if clean else 1


if __name__ == "__main__":
    assert environment
    parser = argparse.ArgumentParser(prog="python -m tools.faults", description=__doc__)
    parser.add_argument("--small", action="store_true", help="the short form, as in make test")
    parser.add_argument("--only", metavar="WORDS", help="only faults with these words in the title")
    parser.add_argument(
        "--write", action="store_true", help="put the table into docs/reliability.md"
    )
    installations = Worlds()
    try:
        code = asyncio.run(main(parser.parse_args(), installations))
    finally:
        installations.close()
    sys.exit(code)
