"""Restart a server that many clients watch, and kill servers in use; exit with 1 on any loss."""

import argparse
import sys
from dataclasses import replace

import uvloop

from tests.support import environment  # first: it starts PostgreSQL
from tests.support.site import ROOT
from tools import documented
from tools.faults.world import World
from tools.restarts import herd, soak

PAGE = ROOT / "docs" / "reliability.md"


def herd_lines(outcome: herd.Outcome) -> list[str]:
    """Return the results of the herd, as a table."""
    pongs, delays = sorted(outcome.pongs), sorted(outcome.delays)
    return table(
        ("", "figure"),
        (f"SIGTERM with {outcome.size.sockets:,} sockets: all closed after", s(outcome.released)),
        ("it ended, was started again and answered after", s(outcome.down)),
        ("all clients were back and confirmed, after that", s(outcome.back)),
        ("CPU of the server meanwhile", s(outcome.cpu)),
        ("clients that missed an event, or got one twice", outcome.wrong),
        ("meanwhile, a ping of a client that was back: p50, p99, longest", spread(pongs)),
        ("and an event, from commit to such a client: p50, p99, longest", spread(delays)),
    )


def soak_lines(outcome: soak.Outcome) -> list[str]:
    """Return what the soak left, as a table."""
    before, most, after = outcome.before, outcome.most, outcome.after
    return table(
        (f"{outcome.size.kills} kills, {outcome.rounds} rounds", "before", "at most", "after"),
        ("keys in Redis", before.keys, most.keys, after.keys),
        ("used_memory of Redis", kb(before.memory), kb(most.memory), kb(after.memory)),
        ("hubs that hear of decisions", before.members, most.members, after.members),
        ("connections to PostgreSQL", before.connections, most.connections, after.connections),
        ("settled after", "", "", s(outcome.settled)),
    )


def table(head: tuple[str, ...], *rows: tuple[object, ...]) -> list[str]:
    return [*documented.head(head), *map(documented.row, rows)]


def s(seconds: float) -> str:
    return f"{seconds:.1f} s"


def kb(size: int) -> str:
    return f"{size / 1024:,.0f} KiB"


def spread(ordered: list[float]) -> str:
    """Return the median, the 99th percentile and the last of sorted values, in seconds."""
    if not ordered:
        return "–"
    some = (ordered[len(ordered) // 2], ordered[len(ordered) * 99 // 100], ordered[-1])
    return ", ".join(f"{seconds * 1000:.0f} ms" for seconds in some)


async def main(options: argparse.Namespace, world: World) -> int:
    clean = True
    for name, measure in {"herd": of_herd, "soak": of_soak}.items():
        if options.only in {None, name}:
            lines, was_clean = await measure(world, options)
            clean = clean and was_clean
            print("\n".join(lines), flush=True)
            if options.write:
                documented.write(PAGE, name, [*lines, "", documented.made("make restarts")])
    print("All came back, and nothing was left behind." if clean else "FAILED: see above.")
    return 0 if clean else 1


async def of_herd(world: World, options: argparse.Namespace) -> tuple[list[str], bool]:
    size = herd.SMALL if options.small else replace(herd.FULL, sockets=options.sockets)
    outcome = await herd.Herd(world, size, told=print).run()
    return herd_lines(outcome), outcome.clean


async def of_soak(world: World, options: argparse.Namespace) -> tuple[list[str], bool]:
    size = soak.SMALL if options.small else soak.FULL
    outcome = await soak.Soak(world, size, told=print).run()
    return soak_lines(outcome), outcome.clean


if __name__ == "__main__":
    assert environment
    parser = argparse.ArgumentParser(prog="python -m tools.restarts", description=__doc__)
    parser.add_argument("--small", action="store_true", help="the short form, as in make test")
    parser.add_argument("--only", choices=("herd", "soak"), help="only one of the two")
    parser.add_argument(
        "--sockets", type=int, default=herd.FULL.sockets, help="of the herd (default: %(default)s)"
    )
    parser.add_argument(
        "--write", action="store_true", help="put the tables into docs/reliability.md"
    )
    given = parser.parse_args()
    many = {"HITL_WS_MAX_PER_USER": "20000", "HITL_WS_MAX_CONNECTIONS": "20000"}
    installation = World(**soak.VARIABLES, **many)
    try:
        code = uvloop.run(main(given, installation))  # which costs the clients least
    finally:
        installation.close()
    sys.exit(code)
