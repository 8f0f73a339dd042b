"""Go modules."""

import re
from collections.abc import Iterator, Sequence

from reviews.intake.entries import Entry, SideLine
from reviews.intake.requirements import without_v

ECOSYSTEM = "Go"
REQUIRE = re.compile(
    r"\s*(?:require\s+)?(?!exclude\s|retract\s)(?P<name>[^\s()=>]+)\s+"
    r"(?P<version>v[0-9][^\s]*)\s*(?P<indirect>//\s*indirect\b)?"
)
REPLACE = re.compile(r"\s*(?:replace\s+)?(\S+)(?:\s+v\S+)?\s+=>\s+(\S+)\s+(v[0-9]\S*)")
DIRECTIVE = re.compile(r"(go|toolchain)\s+(?:go)?([0-9]\S*)")
BLOCK = re.compile(r"(require|exclude|replace|retract|tool|godebug)\s*\(")
SUM = re.compile(r"(\S+)\s+(v[0-9][^\s/]*)\s+h1:")


def go_mod(lines: Sequence[SideLine]) -> Iterator[Entry]:
    block = ""
    for text, changed in lines:
        if found := BLOCK.match(text):
            block = found[1]
        elif text.startswith(")"):
            block = ""
        elif found := REPLACE.match(text):
            yield Entry(ECOSYSTEM, found[2], without_v(found[3]), changed, True, key=found[1])
        elif found := DIRECTIVE.match(text):
            yield Entry(ECOSYSTEM, found[1], found[2], changed, True)
        elif block in {"", "require"} and (found := REQUIRE.match(text)):
            version, direct = without_v(found["version"]), not found["indirect"]
            yield Entry(ECOSYSTEM, found["name"], version, changed, direct)


def go_sum(lines: Sequence[SideLine]) -> Iterator[Entry]:
    """Read the sums of the modules themselves, not those of their go.mod alone."""
    for text, changed in lines:
        if found := SUM.match(text):
            yield Entry(ECOSYSTEM, found[1], without_v(found[2]), changed)
