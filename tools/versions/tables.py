"""Published orderings: small tables of facts from the tests of each ecosystem's own tools.

A table names its ecosystem and its sources. A line has versions with "<", ">" or "=" between them,
or "?" if the two have no order; in a longer line, every two versions are compared.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

FOLDER = Path(__file__).parent / "published"
WANTED: dict[str, int | None] = {"<": -1, "=": 0, ">": 1, "?": None}


@dataclass(frozen=True)
class Pair:
    """Two versions, and how they compare: -1, 0, 1, or None where they have no order."""

    one: str
    other: str
    wanted: int | None


@dataclass(frozen=True)
class Table:
    """The published ordering of one ecosystem."""

    name: str
    ecosystem: str
    source: str
    pairs: list[Pair]

    @property
    def versions(self) -> list[str]:
        """Return all versions in the table, once each."""
        return list(dict.fromkeys(one for pair in self.pairs for one in (pair.one, pair.other)))


def tables() -> list[Table]:
    """Return all published orderings, by name."""
    return [_table(path) for path in sorted(FOLDER.glob("*.txt"))]


def _table(path: Path) -> Table:
    ecosystem, source, *lines = path.read_text(encoding="utf-8").splitlines()
    return Table(
        name=path.stem,
        ecosystem=ecosystem.removeprefix("ecosystem: "),
        source=source.removeprefix("source: "),
        pairs=[pair for line in lines if line and line[0] != "#" for pair in pairs_of(line)],
    )


def pairs_of(line: str) -> Iterator[Pair]:
    """Return every two versions of a line. A longer one may only have "<" and "="."""
    words = line.split()
    versions, signs = words[::2], words[1::2]
    for first, second in combinations(range(len(versions)), 2):
        between = set(signs[first:second])
        sign = "<" if between == {"<", "="} else next(iter(between))
        yield Pair(versions[first], versions[second], WANTED[sign])
