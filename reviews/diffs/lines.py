"""The lines of a diff, and what the next lines say about a line."""

import re

from reviews.diffs import names

# No line of a hunk begins like these, so they end it, whatever its header counts.
BOUNDARY = re.compile(
    r"(?P<git>diff --git .*)|(?P<combined>diff --(?:cc|combined) .*)|(?P<command>diff .*)|"
    r"(?P<index>Index: .*)|(?P<properties>Property changes on: .*)|"
    r"(?P<commit>From [0-9a-f]{7,64} .*|commit [0-9a-f]{7,64}\b.*|# HG changeset patch)|"
    r"(?P<binary>Binary files .* differ)|(?P<context>\*\*\* .*)|(?P<hunk>@@.*)"
)
BLANK = ("", "\r")
"""An empty line of a file too, where a program dropped the space before it."""
VERSION = re.compile(r"[0-9]+\.[0-9]")

Left = tuple[int, int] | None
"""How many lines a hunk still counts before and after; None where its header counts none."""


class Lines:
    """The lines of a text. Only a line feed ends one; a carriage return before it stays."""

    def __init__(self, text: str) -> None:
        self.raw = text.split("\n")
        self.is_whole = self.raw[-1] == ""
        """Whether the last line has an end too."""
        if self.is_whole:
            self.raw.pop()

    def __len__(self) -> int:
        return len(self.raw)

    def bare(self, at: int) -> str:
        """Return a line without a carriage return; "" after the last."""
        return self.raw[at].removesuffix("\r") if at < len(self.raw) else ""

    def blanks(self, at: int) -> int:
        """Count the empty lines from a line on."""
        end = at
        while end < len(self.raw) and self.raw[end] in BLANK:
            end += 1
        return end - at

    def is_signature(self, at: int) -> bool:
        """Return whether a mail's signature begins: `-- `, which some strip, and git's version."""
        line = self.bare(at)
        return line == "-- " or (line == "--" and bool(VERSION.match(self.bare(at + 1))))

    def is_pair(self, at: int) -> bool:
        """Return whether the lines `---` and `+++` follow each other."""
        return self.raw[at].startswith("--- ") and self.bare(at + 1).startswith("+++ ")

    def begins_file(self, at: int, left: Left, *, may_be_plain: bool) -> bool:
        """Return whether a line `--- ` or `+++ ` in a hunk begins the next file.

        Such a line can also be a removed `-- ` or an added `++ `. `left` is what the hunk still
        counts: if exactly these lines are left, they belong to it, unless they can only be the
        header of a file. `may_be_plain` says that the files of this diff begin with these lines,
        without one above them.
        """
        if not self.is_pair(at):
            return self._begins_file_alone(at, left)
        old, new = names.header_name(self.bare(at)[4:]), names.header_name(self.bare(at + 1)[4:])
        is_header = names.has_prefixes(old, new) or (
            may_be_plain and (old == new or "\t" in self.raw[at])
        )
        followed = self.bare(at + 2).startswith("@@ ") or at + 2 >= len(self)
        if not followed:
            return is_header and left is not None and max(left) <= 0
        return is_header or (left != (1, 1) and at + 2 < len(self))

    def _begins_file_alone(self, at: int, left: Left) -> bool:
        """Return whether a single one of the two lines is a header whose other half was lost."""
        line = self.bare(at)
        exact = (1, 0) if line.startswith("-") else (0, 1)
        is_path = "\t" in line or line[4:] == names.NOWHERE or line[5:6] == "/"
        return is_path and left != exact and self.bare(at + 1).startswith("@@ ")
