"""Measure the server's CPU for a decision, against an earlier commit: `--against COMMIT`.

Servers of both commits run side by side, each on a database of its own, and take turns to record
some decisions. The calls and statements are those of a decision over REST, counted in a process of
its own.
"""

import tests.support.environment  # noqa: F401, I001 — starts the servers before the settings are read

import argparse
import statistics
from contextlib import ExitStack
from pathlib import Path

from tools.against import this_and
from tools.deciding.reviewer import WAYS, Reviewer, Way

CALLS = Path(__file__).with_name("calls.py")
AT_ONCE = 50
"""How many decisions a server records in its turn."""


def main() -> None:
    arguments = argparse.ArgumentParser(prog="python -m tools.deciding", description=__doc__)
    arguments.add_argument("--against", required=True, metavar="COMMIT", help="the earlier commit")
    arguments.add_argument("--rounds", type=int, default=3, help="of each, in turn")
    arguments.add_argument("--decisions", type=int, default=500, help="in each round")
    given = arguments.parse_args()
    with this_and(given.against) as trees, ExitStack() as stack:
        for tree in trees:
            printed, _ = tree.run(tree.site(), "shell", "-v0", "-c", CALLS.read_text())
            shown = [line for line in printed.splitlines() if line and line[0] != "{"]  # no log
            print(f"{tree.name}: ", *shown, sep="\n", flush=True)
        if not given.rounds:
            return
        sites = [tree.site() for tree in trees]
        reviewers = [
            Reviewer(site, stack.enter_context(tree.serving(site)), stack)
            for tree, site in zip(trees, sites, strict=True)
        ]
        for way in WAYS:
            compare(way, reviewers, given.rounds, given.decisions // AT_ONCE)


def compare(way: Way, reviewers: list[Reviewer], rounds: int, turns: int) -> None:
    """Print what a decision costs each server in each round, and the ratio of the medians."""
    for one in reviewers:
        one.decide(way, AT_ONCE)  # what is loaded once costs no later decision
    found: list[list[float]] = []
    for _ in range(rounds):
        spent = [[one.decide(way, AT_ONCE) for one in reviewers] for _ in range(turns)]
        found.append([sum(of_one) / turns / AT_ONCE for of_one in zip(*spent, strict=True)])
        report(way, *found[-1])
    report(f"{way}, median", *map(statistics.median, zip(*found, strict=True)))


def report(what: str, before: float, now: float) -> None:
    cpu = f"{before * 1000:5.2f} ms before, {now * 1000:5.2f} ms now"
    print(f"{what:13}  {cpu}, {now / before:4.2f} ×", flush=True)


if __name__ == "__main__":
    main()
