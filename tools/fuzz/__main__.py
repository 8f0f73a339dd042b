"""Post hostile APVs for ten minutes and request every page of them; exit with 1 on a fault."""

import argparse
import os
import sys
import time

import django

from tests.support import environment  # first: it starts PostgreSQL

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hitl_project.settings")
django.setup()

from tests.support.site import ROOT, Site  # noqa: E402
from tools import documented  # noqa: E402
from tools.fuzz.run import Fuzz, Outcome, end  # noqa: E402 — the serializers need Django

PAGE = ROOT / "docs" / "reliability.md"


def lines_of(outcome: Outcome, seconds: float) -> list[str]:
    """Return the measurements as a table."""
    times = sorted(one.seconds / outcome.plain for one in outcome.requests)
    return [
        "| | figure |",
        "| --- | ---: |",
        f"| requests in {seconds:,.0f} s | {len(times):,} |",
        f"| APVs that were taken | {outcome.taken:,} |",
        f"| answers of 500 and above | {sum(one.status >= 500 for one in outcome.requests)} |",
        f"| processor time of a plain APV's page | {outcome.plain * 1000:.0f} ms |",
        f"| of a request, in such pages: p50, p99, most | {times[len(times) // 2]:.1f}, "
        f"{times[len(times) * 99 // 100]:.1f}, {times[-1]:.1f} |",
        f"| the largest answer | {outcome.largest.size / 2**20:.1f} MiB |",
        f"| memory of the server, first and last | {outcome.first_mib:.0f}, "
        f"{outcome.last_mib:.0f} MiB |",
        f"| SIGTERM: it ended after | {outcome.ended:.1f} s |",
    ]


def write(lines: list[str]) -> None:
    documented.write(PAGE, "fuzz", [*lines, "", documented.made("make fuzz")])


def main() -> int:
    parser = argparse.ArgumentParser(prog="make fuzz", description=__doc__)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--seed", type=int, default=time.time_ns() % 2**32)
    parser.add_argument("--write", action="store_true", help="write the figures into the docs")
    given = parser.parse_args()
    with Site("fuzz").uvicorn() as server:
        outcome = Fuzz(server, given.seed).run(given.seconds)
        outcome.ended = end(server, 60)
    lines = lines_of(outcome, given.seconds)
    print(f"seed {given.seed}", *lines, f"slowest: {outcome.slowest}", sep="\n")
    print(*(faults := outcome.faults()), sep="\n")
    if given.write and not faults:
        write(lines)
    return 1 if faults else 0


if __name__ == "__main__":
    assert environment
    sys.exit(main())
