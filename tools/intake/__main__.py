"""Print the results of the intake for pull requests, by bot and ecosystem.

python -m tools.intake FILE … reads JSON Lines, plain or .gz, of objects with `title` or `subject`,
`message`, `author` and `diff`.
"""

import argparse
import gzip
import json
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from reviews.intake import PullRequest, explain
from tools.intake.checks import Named, has_exactly, named_in, strangers

GOAL = 0.98


class Tally:
    """The counts, and the misses with their reasons."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
        self.misses: list[str] = []
        self.unfounded: list[str] = []
        self.crashes: list[str] = []

    def add(self, where: str, document: dict[str, Any]) -> None:
        document = {"title": document.get("subject"), **document}
        try:
            explanation = explain(PullRequest.from_json(document))
        except Exception as error:  # this looks for crashes
            self.crashes.append(f"{where}: {type(error).__name__}: {error}")
            return
        changes = [one.as_json() for one in explanation.changes]
        named = named_in(str(document["title"]))
        row = self.rows[str(document.get("author")), _ecosystem(named, changes)]
        row["commits"] += 1
        row["with changes"] += bool(changes)
        row["changes"] += len(changes)
        self._look_for(named, changes, document, row)
        for one in strangers(document["diff"], changes):
            self.unfounded.append(f"{where}: {one}")

    def _look_for(
        self,
        named: Named | None,
        changes: list[dict[str, Any]],
        document: dict[str, Any],
        row: Counter[str],
    ) -> None:
        if named is None:
            return
        row["named"] += 1
        if any(has_exactly(named, one) for one in changes):
            row["exactly"] += 1
        else:
            is_bumped = _is_on_an_added_line(named, document["diff"])
            row["not in the diff"] += not is_bumped
            why = "MISSED" if is_bumped else "no added line has both the name and the version"
            self.misses.append(f"{document['title']}: {why}; changes: {_brief(changes)}")


def _is_on_an_added_line(named: Named, diff: str) -> bool:
    """Return whether the version is added near the name, as the title says."""
    wanted = named.new.lstrip("v^~=<>").split(",")[0]
    lines = diff.split("\n")
    return any(
        one.startswith("+")
        and wanted in one
        and any(named.name.lower() in near.lower() for near in lines[max(0, at - 4) : at + 1])
        for at, one in enumerate(lines)
    )


def _ecosystem(named: Named | None, changes: list[dict[str, Any]]) -> str:
    for one in changes:
        if named and has_exactly(named, one):
            return str(one["ecosystem"])
    every = sorted({str(one["ecosystem"]) for one in changes})
    return every[0] if len(every) == 1 else "several" if every else "none"


def _brief(changes: list[dict[str, Any]]) -> str:
    said = [f"{one['package']} {one['from']} → {one['to']}" for one in changes[:3]]
    return ", ".join(said) or "none"


def documents(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            if line.strip():
                yield f"{path.name}, line {number}", json.loads(line)


HEADS = ("commits", "with changes", "changes", "named", "exactly", "not in the diff")


def print_table(tally: Tally) -> float:
    """Print the table; return the share of the diffs' changes that is found exactly."""
    print(f"{'bot':22} {'ecosystem':15}" + "".join(f"{one:>17}" for one in HEADS))
    for (bot, ecosystem), row in sorted(tally.rows.items()):
        print(f"{bot:22} {ecosystem:15}" + "".join(f"{row[one]:17,}" for one in HEADS))
    every = sum(tally.rows.values(), Counter[str]())
    print(f"{'all':22} {'':15}" + "".join(f"{every[one]:17,}" for one in HEADS))
    wanted = every["named"] - every["not in the diff"]
    share = every["exactly"] / wanted if wanted else 1.0
    print(f"\n{every['exactly']:,} of {wanted:,} titles that the diff carries out: {share:.1%}")
    return share


def main() -> int:
    parser = argparse.ArgumentParser(prog="make intake", description=__doc__)
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
    tally, started = Tally(), time.monotonic()
    for path in parser.parse_args().files:
        for where, document in documents(path):
            tally.add(where, document)
    share = print_table(tally)
    for title, found in (
        ("Not found exactly", tally.misses),
        ("Changes that are not in the diff", tally.unfounded),
        ("Crashes", tally.crashes),
    ):
        print(f"\n{title}: {len(found)}", *found, sep="\n  ")
    print(f"\n{time.monotonic() - started:.1f} s")
    return int(share < GOAL or bool(tally.unfounded or tally.crashes))


if __name__ == "__main__":
    raise SystemExit(main())
