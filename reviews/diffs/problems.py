"""The kinds of contradictions in a diff, and their details."""

from dataclasses import dataclass, field
from enum import StrEnum, auto


class ProblemKind(StrEnum):
    """A kind of problem. The comment after each names the values that its `Problem` carries."""

    # Of a hunk
    COUNTS = auto()
    """Its header counts other lines than follow: `old`, `new`, `held_old`, `held_new`."""
    CUT_OFF = auto()
    """The diff ends before the hunk does: as `COUNTS`."""
    NO_NUMBERS = auto()
    """Its header has no line numbers, or numbers that no file can have."""
    NO_HEADER = auto()
    """Changes follow the header of a file without the header of a hunk."""
    OUT_OF_ORDER = auto()
    """It begins before the hunk above it ends: `line`, `end`."""
    OFFSET = auto()
    """Its numbers before and after do not follow from the hunks above: `line`, `expected`."""
    NO_SIGN = auto()
    """Lines in it begin with neither a sign nor a space: `count`."""
    AFTER_END = auto()
    """Lines follow the one that is said to be the last of the file."""

    # Of a file
    NAMES = auto()
    """Its headers name different files: `first`, `second`."""
    NO_NAME = auto()
    """Its hunks stand below no header that names a file."""
    ONE_SIDE = auto()
    """It has one of the lines `---` and `+++` without the other."""
    HALF = auto()
    """One of two lines that belong together is missing: `missing`."""
    NEW_HAS_OLD = auto()
    """It is said to be new, and has lines or a name before the change."""
    DELETED_HAS_NEW = auto()
    """It is said to be deleted, and has lines or a name after the change."""
    UNCHANGED_CHANGES = auto()
    """It is said to be unchanged but for its name, and has changes."""
    NOTHING = auto()
    """Its header announces a change, and none follows."""
    TWICE = auto()
    """The diff changes the file a second time."""
    NOT_UNIFIED = auto()
    """It is no unified diff: its lines are shown as they came, and not counted."""

    # Of text
    OUTSIDE = auto()
    """Lines that look like changes stand outside every hunk."""
    UNREAD = auto()
    """There are too many files and hunks before these lines for them to be told apart too."""


@dataclass(frozen=True, slots=True)
class Problem:
    """A contradiction in a diff. The page that shows it chooses the words."""

    kind: ProblemKind
    values: dict[str, int | str] = field(default_factory=dict)
