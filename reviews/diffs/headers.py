"""The header of a file: what its lines say about names, modes and the kind of change."""

import re
from dataclasses import dataclass, field
from typing import NamedTuple

from reviews.diffs import names
from reviews.diffs.model import Change, File
from reviews.diffs.problems import Problem, ProblemKind

EXTENDED = re.compile(
    r"(old mode|new mode|deleted file mode|new file mode|mode|similarity index|"
    r"dissimilarity index|rename from|rename to|copy from|copy to|index|"
    r"rename old|rename new|---|\+\+\+|Index:|diff --git|diff --cc|diff --combined) (.*)"
)
# A line that only git writes, in a header without its first line.
ORPHAN = re.compile(
    r"(?:(?:old|new|new file|deleted file) mode [0-7]{6}|(?:dis)?similarity index [0-9]+%|"
    r"index [0-9a-f]+\.\.[0-9a-f]+(?: [0-7]{6})?)\r?$"
)
BINARY = re.compile(
    r"GIT binary patch|Binary files? .*(differ|has changed)|Files .* differ|"
    r"Cannot display: file marked as a binary type\."
)
HG = re.compile(r"diff (?:-r [0-9a-f]+ )+(.+)")
PROPERTIES = re.compile(r"Property changes on: (.+)")
BINARY_NAMES = re.compile(r"Binary files (\S.*?) and (.*) differ")
MOVES = {"rename from", "rename to", "copy from", "copy to", "rename old", "rename new"}
PAIRS = (("old mode", "new mode"), ("rename from", "rename to"), ("copy from", "copy to"))
PAIRED = {key for pair in PAIRS for key in pair}
GIT_ALONE = MOVES | {"old mode", "new mode", "similarity index"}
GIT_ALONE |= {"new file mode", "deleted file mode"}
"""Lines that stand only below a line such as `diff --git`."""
GIT_FIRST = {"diff --git", "diff --cc", "diff --combined"}
SINGLE = {"diff --cc", "diff --combined", "Index:", "hg", "Property"}
"""Lines that name one file."""
CHANGES = MOVES | PAIRED | {"new file mode", "deleted file mode", "mode", "Index:", "hg"}
"""Lines that are a change by themselves, or may announce an empty file."""
LONG_AGO = re.compile(r"\t(?:1970-01-01|1969-12-31|Thu Jan 01 00:00:00 1970)")


@dataclass
class Header:
    """The contents of a header: each line by its first words, as it first occurred."""

    said: dict[str, str] = field(default_factory=dict)
    binary: bool = False
    is_binary_twice: bool = False

    def take(self, line: str) -> None:
        """Read a line of the header."""
        line = line.removesuffix("\r")
        if found := EXTENDED.match(line):
            self.said.setdefault(found[1], found[2])
        elif BINARY.match(line):
            self.is_binary_twice, self.binary = self.binary, True
            if not self.said and (found := BINARY_NAMES.match(line)):
                self.said |= {"---": found[1], "+++": found[2]}
        elif found := HG.match(line):
            self.said.setdefault("hg", found[1])
        elif found := PROPERTIES.match(line):
            self.said.setdefault("Property", found[1])

    @property
    def is_git(self) -> bool:
        return "diff --git" in self.said

    @property
    def takes_names(self) -> bool:
        """Return whether neither of the lines `---` and `+++` has occurred."""
        return "---" not in self.said and "+++" not in self.said

    @property
    def only_announces(self) -> bool:
        """Return whether only a line such as svn's `Index:` has occurred."""
        return self.said.keys() <= {"Index:"} and not self.binary


class Claim(NamedTuple):
    """The names before and after the change, according to one part of a header."""

    old: str
    new: str

    def disagrees(self, other: "Claim") -> bool:
        return _differ(self.old, other.old) or _differ(self.new, other.new)


def _differ(first: str, second: str) -> bool:
    """Return whether two names differ; a missing one, or that of no file, agrees with all."""
    silent = {"", names.NOWHERE}
    return first not in silent and second not in silent and first != second


SILENT = Claim("", "")


def finish(file: File, header: Header) -> None:
    """Give a file its names, modes and kind of change, and note contradictions."""
    said = header.said
    moved = _moved(said)
    claims = _claims(said, moved)
    file.change = _change(said, moved)
    file.old_name, file.new_name = _names(claims, said, file.change)
    file.old_mode = said.get("old mode", said.get("deleted file mode", ""))
    file.new_mode = said.get("new mode", said.get("new file mode", ""))
    file.binary = header.binary
    file.problems += _of_names(claims, moved)
    file.problems += _of_pairs(said)
    file.problems += _of_git(header)
    file.problems += _of_change(file, said)


# -- Names ------------------------------------------------------------------------------------


def _claims(said: dict[str, str], moved: Claim) -> list[Claim]:
    """Return the claims of a header's parts, the most trusted first."""
    git = names.git_names(said["diff --git"]) if "diff --git" in said else None
    sides = Claim(_side(said, "---"), _side(said, "+++"))
    claims = [moved] if moved != SILENT else []
    if sides != SILENT:
        claims.append(_bare(sides, git, moved))
    if git and (git != sides or moved != SILENT):
        claims.append(_bare(Claim(*git), git, moved))
    return claims + [Claim(name, name) for name in _single(said) if name not in sides]


def _moved(said: dict[str, str]) -> Claim:
    """Return the names that a file was renamed or copied from and to, which have no prefix."""
    if not said.keys() & MOVES:
        return SILENT
    ways = ("rename from", "copy from", "rename old"), ("rename to", "copy to", "rename new")
    old, new = (next((said[key] for key in way if key in said), "") for way in ways)
    return Claim(names.header_name(old), names.header_name(new))


def _side(said: dict[str, str], sign: str) -> str:
    return names.header_name(said[sign]) if sign in said else ""


def _single(said: dict[str, str]) -> list[str]:
    """Return the names in lines that name one file."""
    return [names.header_name(text) for key, text in said.items() if key in SINGLE and text]


def _bare(claim: Claim, git: tuple[str, str] | None, moved: Claim) -> Claim:
    """Remove the prefixes from the names; `git` and a rename show which these are."""
    if not git or (git == claim and moved == SILENT):
        return Claim(*names.without_prefixes(*claim))
    is_moved = all(moved) and git[0].endswith(moved.old) and git[1].endswith(moved.new)
    old, new = moved if is_moved else names.without_prefixes(*git)
    before, after = git[0].removesuffix(old), git[1].removesuffix(new)
    return Claim(claim.old.removeprefix(before), claim.new.removeprefix(after))


def _names(claims: list[Claim], said: dict[str, str], change: Change) -> tuple[str, str]:
    """Return the names before and after, each from the first claim that has it."""
    old = next((one.old for one in claims if one.old), "")
    new = next((one.new for one in claims if one.new), "")
    if not claims and "diff --git" in said:
        old = new = said["diff --git"]  # ambiguous, and not stated elsewhere
    is_old, is_new = change != "added", change != "deleted"
    return (
        old if is_old and old != names.NOWHERE else "",
        new if is_new and new != names.NOWHERE else "",
    )


def _of_names(claims: list[Claim], moved: Claim) -> list[Problem]:
    if not claims:
        return []
    first = claims[0]
    other = next((one for one in claims if first.disagrees(one)), None)
    if other:
        return [_disagreement(_words(first), _words(other))]
    if moved == SILENT and _differ(*first) and not _is_backup(*first):
        return [_disagreement(first.old, first.new)]
    return []


def _disagreement(first: str, second: str) -> Problem:
    return Problem(ProblemKind.NAMES, {"first": first, "second": second})


def _words(claim: Claim) -> str:
    both = [one for one in (claim.old, claim.new) if one and one != names.NOWHERE]
    return " → ".join(dict.fromkeys(both))


def _is_backup(old: str, new: str) -> bool:
    """Return whether the names are those of a file and its backup copy."""
    return any(
        old == new + suffix or new == old + suffix for suffix in (".orig", ".old", "~", ".new")
    )


# -- The kind of change -----------------------------------------------------------------------


def _change(said: dict[str, str], moved: Claim) -> Change:
    old, new = said.get("---", ""), said.get("+++", "")
    if "new file mode" in said or _is_nowhere(old):
        return "added"
    if "deleted file mode" in said or _is_nowhere(new):
        return "deleted"
    if "copy from" in said or "copy to" in said:
        return "copied"
    return "changed" if moved == SILENT else "renamed"


def _is_nowhere(side: str) -> bool:
    return names.header_name(side) == names.NOWHERE or (
        "\t" in side and bool(LONG_AGO.search(side))
    )


def _of_pairs(said: dict[str, str]) -> list[Problem]:
    """Note each line whose counterpart is missing."""
    problems = []
    if ("---" in said) != ("+++" in said):
        problems.append(Problem(ProblemKind.ONE_SIDE))
    for first, second in PAIRS if said.keys() & PAIRED else ():
        if (first in said) != (second in said):
            missing = second if first in said else first
            problems.append(Problem(ProblemKind.HALF, {"missing": missing}))
    return problems


def _of_git(header: Header) -> list[Problem]:
    """Note what git never leaves out or repeats."""
    said, missing = header.said, []
    if said.keys() & GIT_ALONE and not said.keys() & GIT_FIRST:
        missing.append("diff --git")
    if header.is_git:
        if said.get("---") == names.NOWHERE and "new file mode" not in said:
            missing.append("new file mode")
        if said.get("+++") == names.NOWHERE and "deleted file mode" not in said:
            missing.append("deleted file mode")
        if header.binary and "index" not in said:
            missing.append("index")
    problems = [Problem(ProblemKind.HALF, {"missing": one}) for one in missing]
    return [*problems, Problem(ProblemKind.TWICE)] if header.is_binary_twice else problems


def _of_change(file: File, said: dict[str, str]) -> list[Problem]:
    """Note contradictions between the kind of change and the names or the lines."""
    kinds = []
    if file.change == "changed" and file.hunks and file.name:
        return []
    single = [hunk for hunk in file.hunks if hunk.parents == 1]
    if file.change == "added" and (
        not _is_nowhere(said.get("---", names.NOWHERE))
        or "deleted file mode" in said
        or any(hunk.olds and hunk.olds[0].length for hunk in single)
    ):
        kinds.append(ProblemKind.NEW_HAS_OLD)
    if file.change == "deleted" and (
        not _is_nowhere(said.get("+++", names.NOWHERE))
        or any(hunk.new and hunk.new.length for hunk in single)
    ):
        kinds.append(ProblemKind.DELETED_HAS_NEW)
    if said.get("similarity index", "").startswith("100%") and file.hunks:
        kinds.append(ProblemKind.UNCHANGED_CHANGES)
    if _announces_nothing(file, said):
        kinds.append(ProblemKind.NOTHING)
    if not file.name:
        kinds.append(ProblemKind.NO_NAME)
    return [Problem(kind) for kind in kinds]


def _announces_nothing(file: File, said: dict[str, str]) -> bool:
    """Return whether no change of lines, names or modes follows."""
    if file.parts or file.binary:
        return False
    return bool(said.keys() & {"---", "+++"}) or not said.keys() & CHANGES
