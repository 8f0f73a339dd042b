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
    """A line of a file before or after; `changed` where the diff removes or adds it."""

    text: str
    changed: bool


@dataclass(frozen=True, slots=True)
class Entry:
    """A package that one side of a hunk names.

    `changed` tells whether the diff removes or adds a line that says so; `key` which of several
    entries it is; `digest` which build a version names. `variable` holds the version where the
    entry itself does not.
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
    """A version under a name that entries refer to, such as a property of Maven."""

    ecosystem: str
    name: str
    version: str
    changed: bool


Found = Entry | Variable
Reader = Callable[[Sequence[SideLine]], Iterable[Found]]


def is_name(text: str) -> bool:
    """Return whether a registry may know a package by this name: plain characters, no `..`."""
    return bool(NAME.fullmatch(text)) and ".." not in text and "//" not in text


def is_version(text: str) -> bool:
    return len(text) <= LONGEST_VERSION and bool(VERSION.fullmatch(text))
