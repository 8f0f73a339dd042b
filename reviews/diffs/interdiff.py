"""What changed between two patches of the same thing, as `git range-diff` shows it.

The lines that are compared are those of the patches, each with its own sign; line numbers and
hashes of blobs do not count.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal, NamedTuple

from reviews.diffs.model import File, Hunk
from reviews.diffs.parse import parse

MOST_LINES = 4000
"""How many lines of a file's patch are compared; a longer one is only said to have changed."""
AROUND = 3
HUNK = "@@"

Kind = Literal["only_before", "only_after", "changed"]
Sign = Literal["-", "+", " ", "…"]


class PatchLine(NamedTuple):
    """A line of a patch: in the patch before (`-`), after (`+`) or both; `…` stands for a gap."""

    sign: Sign
    text: str


@dataclass(frozen=True)
class Between:
    """A file whose patch changed; `lines` is None if there are too many to compare."""

    name: str
    kind: Kind
    lines: list[PatchLine] | None

    @property
    def added(self) -> int:
        return sum(line.sign == "+" for line in self.lines or [])

    @property
    def removed(self) -> int:
        return sum(line.sign == "-" for line in self.lines or [])


def interdiff(before: str, after: str) -> list[Between]:
    """Return the files whose patches differ between two diffs, in the order of the later one."""
    old, new = _by_name(before), _by_name(after)
    names = [*new, *(name for name in old if name not in new)]
    return [
        Between(name, _kind(name, old, new), _compared(old.get(name, []), new.get(name, [])))
        for name in names
        if old.get(name) != new.get(name)
    ]


Patches = dict[str, list[str]]


def _by_name(diff: str) -> Patches:
    """Return the lines of each file's patch; parts about the same file are joined."""
    found: Patches = {}
    for file in parse(diff).files:
        found.setdefault(file.name, []).extend(_lines(file))
    return found


def _lines(file: File) -> Iterator[str]:
    if file.change != "changed" or file.old_mode != file.new_mode or file.binary:
        yield from (line for line in file.header if file.binary or not line.startswith("index "))
    for part in file.parts:
        if isinstance(part, Hunk):
            yield HUNK
        yield from part.body


def _kind(name: str, old: Patches, new: Patches) -> Kind:
    if name not in old:
        return "only_after"
    return "changed" if name in new else "only_before"


def _compared(old: list[str], new: list[str]) -> list[PatchLine] | None:
    if max(len(old), len(new)) > MOST_LINES:
        return None
    matcher = SequenceMatcher(None, old, new, autojunk=len(old) > MOST_LINES // 4)
    lines: list[PatchLine] = []
    for number, group in enumerate(matcher.get_grouped_opcodes(AROUND)):
        if number:
            lines.append(PatchLine("…", ""))
        for tag, i1, i2, j1, j2 in group:
            if tag == "equal":
                lines += [PatchLine(" ", line) for line in old[i1:i2]]
            else:
                lines += [PatchLine("-", line) for line in old[i1:i2]]
                lines += [PatchLine("+", line) for line in new[j1:j2]]
    return lines
