"""Read a diff in one pass: read each line once, and look ahead two lines."""

import re
from collections.abc import Callable

from reviews.diffs import names
from reviews.diffs.bodies import read_body
from reviews.diffs.headers import ORPHAN, Header, finish
from reviews.diffs.hunks import HEADER, check_order, hunk_of
from reviews.diffs.lines import BOUNDARY, Lines
from reviews.diffs.model import Diff, File, Hunk, Notes, Role, Text
from reviews.diffs.problems import Problem, ProblemKind

# What follows these lines, unless they are prose.
AFTER_GIT = re.compile(
    r"index |old mode|new |deleted |similarity |dissimilarity |rename |copy |mode |--- |\+\+\+ |@@|"
    r"GIT binary|Binary |diff |Submodule |$"
)
AFTER_COMMAND = re.compile(r"--- |\*\*\* |Binary |diff |Only in |Index: |[0-9]|$")
AFTER_INDEX = re.compile(r"={5}|--- |\*\*\* |diff |RCS |Index: |$")
PROPERTY_HUNK = re.compile(r"## -[0-9]+(?:,([0-9]{1,15}))? \+[0-9]+(?:,([0-9]{1,15}))? ##")
SIGNS = ("+", "-")
FILE_COST, HUNK_COST = 3, 2
"""How long reading a header takes, one of a file beside one of a hunk."""
MOST_COST = 50_001
"""What reading all headers may cost: 10,000 files with a hunk each, or 25,000 hunks."""
SIDES = {"---", "+++"}


def parse(text: str) -> Diff:
    """Read any diff: never raise, and keep every line."""
    return _Parser(text).run()


class _Parser:
    def __init__(self, text: str) -> None:
        self.lines = Lines(text)
        self.at = 0
        self.sections: list[File | Text] = []
        self.file: File | None = None
        self.header = Header()
        self.hunk: Hunk | None = None
        """The last hunk of the file."""
        self.seen: dict[str, File] = {}
        """The files that the same patch changed already."""
        self.cost = 0
        """What reading the headers has cost so far."""

    def run(self) -> Diff:
        while self.at < len(self.lines) and self.cost < MOST_COST:
            if not self._boundary():
                self._plain()
        self._finish_file()
        if self.at < len(self.lines):
            self._leave_the_rest()
        return Diff(self.sections)

    def _leave_the_rest(self) -> None:
        """Keep the remaining lines as text, and note that they were not read."""
        rest = self.lines.raw[self.at :]
        self.sections.append(Text(rest, [Problem(ProblemKind.UNREAD)], self.at))

    def _boundary(self) -> bool:
        """Take a line that begins a part, if it does."""
        line = self.lines.raw[self.at]
        if line.startswith(("--- ", "+++ ")):
            return self._sides()
        found = BOUNDARY.match(line)
        if not found:
            return False
        take: Callable[[], bool] = getattr(self, f"_{found.lastgroup}")
        return take()

    def _plain(self) -> None:
        """Take a line that does not begin a part."""
        line = self.lines.bare(self.at)
        if not self._in_header() and ORPHAN.match(line):
            self._start_file()
            self._take_header()
        elif not self.file and not self.sections and line.startswith(SIGNS):
            self._start_file()  # changes without any header
            self._add(Hunk(None, problems=[Problem(ProblemKind.NO_HEADER)]))
        elif not self.file:
            self._text()
        elif self._in_header() and not self.lines.is_signature(self.at):
            self._header_or_changes(line)
        elif not line:
            self._note(count=self.lines.blanks(self.at))
        elif self._in_notes():
            self._note()
        else:
            self._text()

    # -- The header of a file -----------------------------------------------------------------

    def _start_file(self) -> None:
        self._finish_file()
        self.file, self.header, self.hunk = File(), Header(), None
        self.cost += FILE_COST
        self.sections.append(self.file)

    def _finish_file(self) -> None:
        if not self.file:
            return
        finish(self.file, self.header)
        self._note_second_change(self.file)
        self.file = None

    def _note_second_change(self, file: File) -> None:
        """Note a file that the patch changed before; a change of its type has two changes."""
        before = self.seen.get(file.name)
        is_new_type = before and before.change == "deleted" and file.change == "added"
        if file.name and before and not is_new_type:
            file.problems.append(Problem(ProblemKind.TWICE))
        self.seen[file.name] = file

    def _in_header(self) -> bool:
        return self.file is not None and not self.file.parts

    def _only_announced(self) -> bool:
        """Return whether only svn's `Index:` occurred, which other headers may follow."""
        return self._in_header() and self.header.only_announces

    def _take_header(self, count: int = 1) -> bool:
        assert self.file
        lines = self.lines.raw[self.at : self.at + count]
        self.file.header += lines
        for line in lines:
            self.header.take(line)
        self.at += count
        return True

    def _header_or_changes(self, line: str) -> None:
        if line.startswith(SIGNS) and not self.header.takes_names:
            self._add(Hunk(None, problems=[Problem(ProblemKind.NO_HEADER)]))
        else:
            self._take_header(max(1, self.lines.blanks(self.at)))

    def _git(self) -> bool:
        if not self.file and not AFTER_GIT.match(self.lines.bare(self.at + 1)):
            return False
        if not self._only_announced():
            self._start_file()
        return self._take_header()

    _combined = _git

    def _command(self) -> bool:
        """Take the command line that hg and GNU diff write, and CVS after `Index:`."""
        is_hg = self.lines.raw[self.at].startswith("diff -r ")
        if not is_hg and not AFTER_COMMAND.match(self.lines.bare(self.at + 1)):
            return False
        if not self._only_announced():
            self._start_file()
        return self._take_header()

    def _index(self) -> bool:
        if not AFTER_INDEX.match(self.lines.bare(self.at + 1)):
            return False
        self._start_file()
        return self._take_header()

    def _binary(self) -> bool:
        if not self._in_header():
            self._start_file()
        return self._take_header()

    def _sides(self) -> bool:
        """Take the lines `---` and `+++` if they name a file."""
        is_pair = self.lines.is_pair(self.at)
        count = 2 if is_pair else 1
        if not (self._in_header() and self.lines.raw[self.at][:3] not in self.header.said):
            if not is_pair and not self.lines.bare(self.at + 1).startswith("@@ "):
                return False
            self._start_file()
        return self._take_header(count)

    # -- Hunks --------------------------------------------------------------------------------

    def _hunk(self) -> bool:
        """Take a hunk; one that follows text belongs to no file."""
        line = self.lines.bare(self.at)
        if not self.file:
            if not HEADER.match(line):
                return False
            self._start_file()
        self.at += 1
        self._add(hunk_of(self.lines.raw[self.at - 1]))
        return True

    def _add(self, hunk: Hunk) -> None:
        assert self.file
        hunk.at = self.at
        said = self.header.said
        is_plain = len(said) <= len(SIDES) and said.keys() <= SIDES
        self.at = read_body(self.lines, self.at, hunk, may_be_plain=is_plain)
        hunk.is_last = self.at == len(self.lines) and not self.lines.is_whole
        check_order(hunk, self.hunk)
        self.file.parts.append(hunk)
        self.hunk = hunk
        self.cost += HUNK_COST

    # -- Notes and text -----------------------------------------------------------------------

    def _note(self, role: Role = "notes", count: int = 1) -> None:
        """Take lines of the file that do not belong to a hunk."""
        assert self.file
        lines = self.lines.raw[self.at : self.at + count]
        last = self.file.parts[-1] if self.file.parts else None
        if isinstance(last, Notes) and role in {"notes", last.role}:
            last.body += lines
        else:
            self.file.parts.append(Notes(lines, role, self.at))
        self.at += count

    def _in_notes(self) -> bool:
        """Return whether the file ends with notes, which continue until another part begins."""
        last = self.file.parts[-1] if self.file and self.file.parts else None
        return isinstance(last, Notes) and last.role in {"properties", "foreign"}

    def _commit(self) -> bool:
        """Take the first line of a mail or a commit, which begins another patch."""
        self._finish_file()
        self.seen = {}
        return self._text()

    def _text(self) -> bool:
        follows_file = self.file is not None
        self._finish_file()
        if not self.sections or not isinstance(self.sections[-1], Text):
            self.sections.append(Text([], at=self.at))
        text = self.sections[-1]
        assert isinstance(text, Text)
        line = self.lines.raw[self.at]
        if follows_file and line.startswith(SIGNS) and not self.lines.is_signature(self.at):
            text.problems.append(Problem(ProblemKind.OUTSIDE))
        count = max(1, self.lines.blanks(self.at))
        text.body += self.lines.raw[self.at : self.at + count]
        self.at += count
        return True

    def _properties(self) -> bool:
        """Take svn's properties of a file, and the hunks that describe them."""
        line = self.lines.raw[self.at]
        if line.removesuffix("\r").partition(": ")[2] not in self._names_so_far():
            self._start_file()
            self.header.take(line)
        self._note("properties")
        while self.at < len(self.lines) and not self._leaves_properties():
            found = PROPERTY_HUNK.match(self.lines.raw[self.at])
            self._note("properties", 1 + self._length(found) if found else 1)
        return True

    def _names_so_far(self) -> set[str]:
        if not self.file:
            return set()
        said = self.header.said
        return {names.header_name(said[key]) for key in ("Index:", "---", "+++") if key in said}

    def _leaves_properties(self) -> bool:
        return bool(BOUNDARY.match(self.lines.raw[self.at])) or (
            self.lines.is_pair(self.at) and self.lines.bare(self.at + 2).startswith("@@ ")
        )

    def _length(self, found: "re.Match[str]") -> int:
        """Return the number of lines of a property's hunk."""
        old, new = (1 if count is None else int(count) for count in found.groups())
        at = self.at + 1
        while at < len(self.lines) and (old > 0 or new > 0):
            sign = self.lines.raw[at][:1]
            if sign not in {"+", "-", " "}:
                break
            old, new, at = old - (sign != "+"), new - (sign != "-"), at + 1
        return at - self.at - 1

    def _context(self) -> bool:
        """Take a context diff unchanged: its lines are not those of a unified diff."""
        if not self._begins_context():
            return False
        if not (self._in_header() and self.header.takes_names):
            self._start_file()
        assert self.file
        for sign, line in zip(("---", "+++"), self.lines.raw[self.at : self.at + 2], strict=True):
            self.header.take(f"{sign} {line[4:]}")
        self.file.problems.append(Problem(ProblemKind.NOT_UNIFIED))
        self._note("foreign", 3)
        while self.at < len(self.lines) and not self._leaves_context():
            self._note("foreign")
        return True

    def _begins_context(self) -> bool:
        is_pair = self.lines.raw[self.at].startswith("*** ") and self.lines.bare(
            self.at + 1
        ).startswith("--- ")
        return is_pair and self.lines.bare(self.at + 2).startswith("*" * 15)

    def _leaves_context(self) -> bool:
        line = self.lines.raw[self.at]
        if line.startswith("*** "):
            return self._begins_context()
        return self.lines.is_pair(self.at) or bool(BOUNDARY.match(line))
