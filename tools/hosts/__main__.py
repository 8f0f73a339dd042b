"""Serve one installation from three hosts, cut one off, slow another one, with wrong clocks.

Exit with 1 if a socket lost an event, received one twice or early, or lacks some and was not told.
"""

import argparse
import asyncio
import sys

from tests.support import environment  # first: it starts PostgreSQL
from tests.support.site import ROOT
from tools import documented
from tools.hosts.networks import Namespaces, network
from tools.hosts.run import CLOCKS, CUT, SLOW, SLOW_SECONDS, Plan, Result, run

PAGE = ROOT / "docs" / "reliability.md"
HEADS = (
    *("host", "its clock", "sockets", "lost", "doubled", "out of order", "untold"),
    *("caught up after", "longest delay", "HTTP 5xx", "lines opened"),
)


def rows(result: Result, plan: Plan) -> list[str]:
    """Return the table."""
    faults = {
        CUT: f"cut off for {plan.cut_seconds:.0f} s",
        SLOW: f"{SLOW_SECONDS * 1e3:.0f} ms each way",
    }
    table = documented.head(HEADS)
    for number, one in enumerate(result.hosts):
        late = one["caught_up"]
        cells = (
            *(faults.get(number, "undisturbed"), f"{result.clocks[number]:+} min"),
            f"{plan.sockets // len(CLOCKS):,}",
            *(one[name] for name in ("lost", "doubled", "out_of_order", "untold")),
            *("never" if late is None else f"{late:.1f} s", f"{one['longest_delay']:.1f} s"),
            *(one["server_errors"], f"{one['lines']:,}"),
        )
        table.append(documented.row(cells))
    return table


def costs(result: Result) -> list[str]:
    """Return what the hosts and both servers spent."""
    lines = [
        f"  host {number + 1}: {one['costs']['letting_in_ms']:.2f} ms CPU to let a socket in, "
        f"{one['costs']['kib_per_socket']:.1f} KiB each, "
        f"{one['costs']['per_delivery_us']:.1f} µs for a delivery, "
        f"{one['costs']['idle_share']:.1%} of a core at rest"
        for number, one in enumerate(result.hosts)
    ]
    rest, event = result.at_rest, result.of_event
    return [
        *lines,
        f"  at rest, each host: {rest.transactions:.1f} transactions of PostgreSQL and "
        f"{rest.commands:.1f} commands of Valkey a second",
        f"  an APV and its decision: {event.transactions:.1f} and {event.commands:.1f}",
    ]


def write(result: Result, plan: Plan, command: str) -> None:
    """Put the table, made by `command`, into docs/reliability.md."""
    events = f"{result.events} decisions; {result.untold} without exactly one event."
    words = f"{events} {documented.made(command)}"
    documented.write(PAGE, "hosts", [*rows(result, plan), "", words])


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog="python -m tools.hosts", description=__doc__)
    made.add_argument("--sockets", type=int, default=1500, help="over all hosts (default: 1500)")
    made.add_argument("--seconds", type=float, default=60, help="of load (default: 60)")
    made.add_argument("--per-second", type=float, default=6, help="decisions (default: 6)")
    made.add_argument("--cut", type=float, default=20, help="seconds (default: 20)")
    made.add_argument("--loopback", action="store_true", help="no network namespaces")
    made.add_argument("--write", action="store_true", help="write docs/reliability.md")
    return made


def main() -> int:
    given = parser().parse_args()
    plan = Plan(given.sockets, given.seconds, given.per_second, given.cut)
    hosts = network(len(CLOCKS), loopback=given.loopback)
    kind = "in network namespaces" if isinstance(hosts, Namespaces) else "on the loopback"
    print(f"{len(CLOCKS)} hosts {kind}, {plan.sockets:,} sockets", flush=True)
    try:
        result = asyncio.run(run(plan, hosts))
    finally:
        hosts.close()
    print("", *rows(result, plan), "", *costs(result), sep="\n")
    if given.write:
        write(result, plan, f'make hosts ARGS="{" ".join(sys.argv[1:])}"')
    print("Nothing lost, doubled or out of order." if result.clean else "FAILED: see above.")
    return 0 if result.clean else 1


if __name__ == "__main__":
    assert environment
    sys.exit(main())
