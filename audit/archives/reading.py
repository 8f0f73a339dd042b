"""Read archives, and verify what they say."""

import gzip
import zlib
from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from django.utils.crypto import constant_time_compare

from audit import chain
from audit.archives.lines import FORMAT, EntryLine, Header
from audit.chain import BrokenChain, ChainHead
from audit.models import Entry


class BrokenArchive(BrokenChain):
    """The first thing in a file that is not as it was written."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path.name}: {reason}")


class ArchiveFile(NamedTuple):
    """A file whose header was verified."""

    path: Path
    header: Header

    @classmethod
    def open(cls, path: Path) -> "ArchiveFile":
        """Raise BrokenArchive unless the file begins with a header under a key that we have."""
        line = next(_lines(path), b"")
        try:
            header = Header.decode(line)
        except ValueError:
            raise BrokenArchive(path, "this is no archive of the audit, or is damaged.") from None
        _check_header(path, header)
        return cls(path, header)

    def verified(self) -> Iterator[Entry]:
        """Yield each entry once it is verified, without keeping it.

        Raise BrokenArchive at the first that was edited, removed, repeated or moved.
        """
        lines, last = _lines(self.path), self.header.before
        next(lines)
        for number, line in enumerate(lines, start=2):
            entry = self._entry(number, line, last)
            yield entry
            last = ChainHead(entry.sequence, entry.mac)
        if last.sequence < self.header.last:
            raise BrokenArchive(self.path, chain.removed(last.sequence + 1, self.header.last))
        if last != self.header.end:
            raise BrokenArchive(self.path, f"entry {last.sequence} is not the one it ended with.")

    def _entry(self, number: int, line: bytes, last: ChainHead) -> Entry:
        expected = last.sequence + 1
        try:
            entry = EntryLine.decode(line).entry()
        except ValueError:
            reason = f"line {number}, which had entry {expected}, was edited or is damaged."
            raise BrokenArchive(self.path, reason) from None
        if expected > self.header.last:
            raise BrokenArchive(self.path, f"line {number} was added: it ended with {last}.")
        if entry.sequence != expected:
            reason = f"entry {entry.sequence} stands where entry {expected} was."
            raise BrokenArchive(self.path, reason)
        try:
            chain.check(entry, last)
        except BrokenChain as broken:
            raise BrokenArchive(self.path, str(broken)) from None
        return entry


def in_order(files: Iterable[ArchiveFile]) -> list[ArchiveFile]:
    """Return the files in the order of their entries. Raise BrokenArchive if one is missing."""
    ordered = sorted(files, key=lambda file: file.header.first)
    for (_, before), (path, header) in pairwise(ordered):
        if header.first <= before.last:
            raise BrokenArchive(path, f"entry {header.first} is in another of the files, too.")
        if header.first > before.last + 1:
            missing = chain.removed(before.last + 1, header.first - 1)
            raise BrokenArchive(path, f"a file before it is missing. {missing}")
        if header.previous != before.mac:
            raise BrokenArchive(path, f"it does not follow the entry {before.last} of the files.")
    return ordered


def _check_header(path: Path, header: Header) -> None:
    key = chain.key_named(header.key)
    if key is None:
        reason = f"it was signed with the key {header.key}, which is not in HITL_AUDIT_KEYS."
        raise BrokenArchive(path, reason)
    if not constant_time_compare(header.signature_by(key), header.signature):
        raise BrokenArchive(path, "its header was edited.")
    if header.format != FORMAT:
        raise BrokenArchive(path, f"it has the format {header.format}, which this version lacks.")


def _lines(path: Path) -> Iterator[bytes]:
    """Yield the lines. Raise BrokenArchive where the file cannot be read any further."""
    number = 0
    try:
        with gzip.open(path) as file:
            for line in file:
                number += 1
                yield line
    except EOFError:
        raise BrokenArchive(path, f"it was cut off after line {number}.") from None
    except (gzip.BadGzipFile, zlib.error) as error:
        raise BrokenArchive(path, f"it is damaged after line {number}: {error}") from None
    except OSError as error:
        raise BrokenArchive(path, f"it cannot be read: {error.strerror}") from None
