"""What the console, git and unidiff each read in a patch, in a comparable form."""

import subprocess
from typing import NamedTuple

from unidiff.errors import UnidiffParseError
from unidiff.patch import PatchSet

from reviews.diffs import Diff, names


class Refused(Exception):
    """The reader did not accept the patch, with the reason."""


class Change(NamedTuple):
    """A file of a patch; lines of binary files are not counted."""

    name: str
    added: int
    removed: int


def read_by_console(diff: Diff) -> list[Change]:
    return [Change(one.name, one.added, one.removed) for one in diff.files]


def read_by_git(patch: str) -> list[Change]:
    """Read a patch as `git apply` does, which removes one folder as a prefix."""
    done = subprocess.run(
        ["git", "apply", "--numstat", "-z", "--allow-empty"],
        input=patch.encode("utf-8", "surrogateescape"),
        capture_output=True,
        check=False,
    )
    if done.returncode or done.stderr.startswith(b"error: "):  # which it may skip
        raise Refused(done.stderr.decode("utf-8", "replace").strip())
    rows = done.stdout.decode("utf-8", "backslashreplace").split("\0")
    return [_numstat(row) for row in rows if row]


def _numstat(row: str) -> Change:
    added, removed, name = row.split("\t", 2)
    return Change(name, *(0 if count == "-" else int(count) for count in (added, removed)))


def read_by_unidiff(patch: str) -> list[Change]:
    try:
        files = PatchSet(patch)
    except UnidiffParseError as error:
        raise Refused(str(error)) from error
    return [Change(_name(one.path), one.added, one.removed) for one in files]


def _name(path: str) -> str:
    """Decode a name that unidiff leaves undecoded, with the carriage return after it."""
    return names.header_name(path.removesuffix("\r"))
