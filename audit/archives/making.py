"""Make an archive: a file that was verified after it had reached the disk."""

import hashlib
import os
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.db.models import Min

from audit import chain
from audit.archives.lines import Header
from audit.archives.reading import ArchiveFile, BrokenArchive
from audit.archives.writing import write
from audit.chain import BrokenChain
from audit.models import Archive, Entry, Head
from audit.verification import Piece, entries_of


@dataclass(frozen=True)
class Made:
    """An archive that was verified."""

    file: ArchiveFile
    sha256: str
    actions: dict[str, int]


def plan(before: datetime) -> Header | None:
    """Return the header of all entries before a moment that no archive has, or None without any.

    An entry may be a little older than the one before it. All that follow one that stays do, too.
    """
    archive = Archive.objects.order_by("last").last()
    first = archive.last + 1 if archive else 1
    kept = Entry.objects.filter(at__gte=before, sequence__gte=first)
    staying = kept.aggregate(first=Min("sequence"))["first"] or Head.objects.get().sequence + 1
    return _header(first, staying - 1) if staying > first else None


def _header(first: int, last: int) -> Header:
    begin, end = _entry(first), _entry(last)
    keys = Entry.objects.filter(sequence__range=(first, last)).values_list("key", flat=True)
    return Header(
        first=first,
        last=last,
        count=last - first + 1,
        first_at=begin.at,
        last_at=end.at,
        previous=begin.previous,
        mac=end.mac,
        keys=sorted(keys.order_by().distinct()),
    )


def _entry(sequence: int) -> Entry:
    entry = Entry.objects.filter(sequence=sequence).first()
    if entry is None:
        raise BrokenChain(chain.removed(sequence, sequence))
    return entry


def name_of(header: Header) -> str:
    return f"audit-{header.first}-{header.last}.jsonl.gz"


def make(header: Header, folder: Path) -> Made:
    """Write an archive into a folder and verify it, or verify the one that is there already.

    Under its name, a file is always whole: it gets the name after that. Raise BrokenArchive if it
    cannot be verified, as when the table was edited, and OSError if it cannot be written.
    """
    path = folder / name_of(header)
    if path.exists():
        _sync(path)  # whoever put it there may not have
        made = _verified(path, header)
    else:
        made = _written(path, header)
    _sync(folder)
    return made


def _written(path: Path, header: Header) -> Made:
    part = path.with_suffix(".part")
    try:
        write(part, header, entries_of(Piece(header.first - 1, header.last)))
        made = _verified(part, header)
        part.rename(path)
    finally:
        part.unlink(missing_ok=True)
    return Made(made.file._replace(path=path), made.sha256, made.actions)


def _verified(path: Path, planned: Header) -> Made:
    """Verify a file from the disk."""
    _forget(path)
    file = ArchiveFile.open(path)
    if (file.header.before, file.header.end) != (planned.before, planned.end):
        raise BrokenArchive(path, "it is there already, and has other entries.")
    actions = Counter(entry.action for entry in file.verified())
    return Made(file, sha256_of(path), dict(sorted(actions.items())))


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _forget(path: Path) -> None:
    """Let the system forget what it keeps of a file in memory, so that the disk is read."""
    if hasattr(os, "posix_fadvise"):
        with path.open("rb") as file:
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def _sync(path: Path) -> None:
    """Force a file onto the disk, or the names of a folder's files."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
