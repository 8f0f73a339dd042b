"""What the readers of manifests and lock files find on one side of a hunk: entries."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

LONGEST_LINE = 100_000
"""Longer ones are not read: no dependency takes so much."""
NAME = re.compile(r"@?[A-Za-z0-9_~][A-Za-z0-9_~.+:/@-]{0,299}")
VERSION = re.compile(r"[!-~]+(?: [!-~]+)*")
LONGEST_VERSION = 200


class SideLine(NamedTuple):
    """A line of a file before or after; `changed` if the diff removes or adds it."""

    text: str
    changed: bool


@dataclass(frozen=True, slots=True)
class Entry:
    """A package on one side of a hunk.

    `changed` says whether the diff removes or adds a line of it; `key` identifies it among several;
    `digest` is the build that a version names. `variable` names the version if the entry itself
    does not contain it.
    """

    ecosystem: str
    name: str
    version: str
    changed: bool
    direct: bool | None = None
    key: str = ""
    digest: str = ""
    variable: str = ""


class Variable(NamedTuple):
    """A named version that entries refer to, such as a property of Maven."""

    ecosystem: str
    name: str
    version: str
    changed: bool


Found = Entry | Variable
Reader = Callable[[Sequence[SideLine]], Iterable[Found]]


def is_name(text: str) -> bool:
    """Return whether a registry may have a package of this name: plain characters, no `..`."""
    return bool(NAME.fullmatch(text)) and ".." not in text and "//" not in text


def referred(pattern: re.Pattern[str], version: str) -> str:
    """Return the name of the variable that a version is, by the pattern of a reference, or ""."""
    found = pattern.fullmatch(version)
    return found[1] if found else ""


def is_version(text: str) -> bool:
    return len(text) <= LONGEST_VERSION and bool(VERSION.fullmatch(text))
