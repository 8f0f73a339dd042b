"""Measure the queue next to Review Board's list: `python -m tools.beside`.

Both have the same number of open items in databases of the same PostgreSQL, and are served by one
process. Their pages are requested in turn, in several rounds. The first time, Review Board is
installed from PyPI into an environment of its own in the user's cache.
"""

import tests.support.environment  # noqa: F401, I001 — starts the servers before the settings are read

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from tests.support.site import Site
from tools.beside.measuring import System, in_turn
from tools.beside.report import Results, table, write
from tools.beside.review_board import review_board
from tools.pages import FILL, add

PAGES = {"the page": "/", "the list alone": "/queue"}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.beside", description=__doc__)
    parser.add_argument("--pending", type=int, default=10_000, help="items (default: 10,000)")
    parser.add_argument("--rounds", type=int, default=3, help="default: 3")
    parser.add_argument("--times", type=int, default=30, help="of each page in a round")
    parser.add_argument("--write", action="store_true", help="write docs/performance.md")
    given = parser.parse_args()
    with this_project(given.pending) as ours, review_board(given.pending) as theirs:
        results = measure([ours, theirs], given.rounds, given.times)
    rows = table([ours.name, theirs.name], results)
    print("", *rows, sep="\n")
    if given.write:
        write(rows, f'make beside ARGS="{" ".join(sys.argv[1:])}"', given.pending)
    return 0


@contextmanager
def this_project(pending: int) -> Iterator[System]:
    """Serve a site with so many pending APVs."""
    site = Site("beside")
    with site.uvicorn() as server:
        site.execute(FILL, add(server, ""), pending - 1, 0)
        site.vacuum()
        pid, client = server.process.pid, server.client()
        yield System("HITL Console", pid, client, PAGES, '<tr role="row" id="apv-')


def measure(systems: list[System], rounds: int, times: int) -> Results:
    results: Results = {page: [] for page in PAGES}
    for number in range(rounds):
        for page, medians in results.items():
            medians.append(in_turn(systems, page, times))
            for system, found in zip(systems, medians[-1], strict=True):
                print(f"round {number + 1}: {page}: {system.name}: {found}", flush=True)
    return results


if __name__ == "__main__":
    sys.exit(main())
