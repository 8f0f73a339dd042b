"""Time how APVs are added, against an earlier commit: `python -m tools.adding --help`.

It imports copies of a folder of advisories in OSV's format, and posts 1,000 APVs in one request, by
both commits in turn, and prints the times with the ratio of their medians. Both must answer, print
and store the same. The CPU is that of the process that imports or serves; the database's is in the
other time. Exits with 1 if a result differs.
"""

import tests.support.environment  # noqa: F401, I001 — starts the servers before the settings are read

import argparse
import statistics
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

from tests.support.many_advisories import write_copies
from tools.adding.results import Done, differing
from tools.adding.tasks import AT_ONCE, import_advisories, post_apvs
from tools.against import Spent, Tree, this_and

Task = Callable[[Tree], Done]


def main() -> int:
    arguments = argparse.ArgumentParser(prog="python -m tools.adding", description=__doc__)
    arguments.add_argument("--against", required=True, metavar="COMMIT", help="the earlier commit")
    arguments.add_argument("--rounds", type=int, default=3, help="of each, in turn")
    arguments.add_argument("--files", type=int, default=6900, help="how many advisories")
    arguments.add_argument(
        "--advisories", type=Path, required=True, metavar="FOLDER", help="those to copy"
    )
    arguments.add_argument("--only", default="", help="what the names of what to time contain")
    given = arguments.parse_args()
    if not given.advisories.is_dir():
        arguments.error(f"--advisories: there is no folder {given.advisories}")
    with tempfile.TemporaryDirectory() as folder, this_and(given.against) as trees:
        write_copies(given.advisories, Path(folder), given.files)
        tasks: dict[str, Task] = {
            f"import_osv, {given.files:,} files": partial(import_advisories, folder=Path(folder)),
            f"POST /hitl/apvs, {AT_ONCE:,} APVs": post_apvs,
        }
        some = {name: task for name, task in tasks.items() if given.only in name}
        same = [compare(name, task, trees, given.rounds) for name, task in some.items()]
    return 0 if all(same) else 1


def compare(name: str, task: Task, trees: list[Tree], rounds: int) -> bool:
    """Run a task by both trees in turn, and print the times; return whether the results agree."""
    found: tuple[list[Done], list[Done]] = ([], [])
    for _ in range(rounds):
        for tree, done in zip(trees, found, strict=True):
            done.append(task(tree))
            spent = done[-1].spent
            print(f"{name}  {tree.name:6}  {spent.cpu:6.2f} s CPU  {spent.wall:6.2f} s", flush=True)
    for what in Spent._fields:
        before, now = (
            statistics.median(getattr(one.spent, what) for one in some) for some in found
        )
        print(f"{name}  {what:4}  {before:6.2f} s  {now:6.2f} s  {now / before:5.2f} ×")
    differences = differing(found[0][-1], found[1][-1])
    print(f"{name}  {'; '.join(differences) or 'the same results'}", flush=True)
    return not differences


if __name__ == "__main__":
    sys.exit(main())
