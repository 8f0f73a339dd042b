"""Verify the audit's chain in pieces, with several processes."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.db.models import Max

from audit import chain
from audit.chain import EMPTY, BrokenChain, ChainHead
from audit.choices import AuditAction
from audit.models import Archive, Entry, Head
from audit.processes import pool
from realtime.snapshot import snapshot

PIECE = 20_000
"""How many entries a process verifies before it takes the next ones."""
AT_ONCE = 2000
"""How many entries are in memory."""


@dataclass(frozen=True)
class Piece:
    """The entries after one sequence number, up to and with another."""

    after: int
    until: int

    def __len__(self) -> int:
        return self.until - self.after


@dataclass(frozen=True)
class End:
    """Where the chain ends: as its head says, and as the entries are; and what it follows."""

    head: ChainHead
    last: int
    archive: Archive | None = None
    """The one whose last entry the first of the table follows."""

    @classmethod
    def now(cls) -> "End":
        with snapshot():
            row = Head.objects.first()
            last = Entry.objects.aggregate(last=Max("sequence"))["last"]
            archive = Archive.objects.order_by("last").last()
        return cls(ChainHead(row.sequence, row.mac) if row else EMPTY, last or 0, archive)

    @property
    def archived(self) -> int:
        """The last entry that an archive has; the table need not have it."""
        return self.archive.last if self.archive else EMPTY.sequence


def verify(
    end: End, *, after: int = 0, noted: ChainHead = EMPTY, processes: int = 1
) -> Iterator[int]:
    """Verify the entries after a number, up to `end`; yield how many, piece by piece.

    Those that archives have are left out. Raise BrokenChain at the first entry that was edited,
    removed or moved, or if `noted`, which was the head once, is not among them any more.
    """
    since = max(after, end.archived)
    yield from map(len, _verified(list(_pieces(since, end.head.sequence)), processes))
    if end.last > end.head.sequence or _mac_at(end.head.sequence) != end.head.mac:
        raise BrokenChain(f"Entry {end.head.sequence} is not the last: the head was set back.")
    compare(end, noted)


def compare(end: End, noted: ChainHead) -> None:
    """Raise BrokenChain if the entry that was the head once is not there any more."""
    if noted.sequence > end.head.sequence:
        raise BrokenChain(chain.removed(end.head.sequence + 1, noted.sequence))
    if _mac_at(noted.sequence) != noted.mac:
        raise BrokenChain(chain.another(noted))


def check_records(end: End) -> None:
    """Check the record of each archive whose entry is in the table, as that of the last one is.

    Raise BrokenChain at the first that differs.
    """
    for archive in Archive.objects.filter(recorded_in__gt=end.archived).order_by("last"):
        check_record(archive, _entry(archive.recorded_in))


def check_record(archive: Archive, entry: Entry) -> None:
    """Raise BrokenChain unless `entry` says of an archive what the database says of it.

    Without the key nobody can write such an entry, and so nobody can pass off a gap as archived.
    """
    chain.check_signature(entry)
    said = (entry.action, entry.object, json.loads(entry.details))
    if said != (AuditAction.AUDIT_DETACHED, archive.name, archive.facts()):
        raise BrokenChain(f"Entry {entry.sequence} does not say what the record of {archive} says.")


def _pieces(after: int, until: int) -> Iterator[Piece]:
    for start in range(after, until, PIECE):
        yield Piece(start, min(start + PIECE, until))


def _verified(pieces: Sequence[Piece], processes: int) -> Iterator[Piece]:
    """Yield each piece once it is verified, in order."""
    if processes == 1 or len(pieces) < 2:
        yield from map(_verify, pieces)
        return
    with pool(min(processes, len(pieces))) as running:
        try:
            yield from running.map(_verify, pieces)
        finally:
            running.shutdown(cancel_futures=True)


def _verify(piece: Piece) -> Piece:
    """Verify a piece, and return it. The entry before it belongs to the piece before."""
    last = ChainHead(piece.after, _mac_at(piece.after))
    for entry in entries_of(piece):
        chain.check(entry, last)
        last = ChainHead(entry.sequence, entry.mac)
    if last.sequence < piece.until:
        raise BrokenChain(chain.removed(last.sequence + 1, piece.until))
    return piece


def entries_of(piece: Piece) -> Iterator[Entry]:
    """Yield the entries of a piece in order, reading in batches."""
    last = piece.after
    in_order = Entry.objects.filter(sequence__lte=piece.until).order_by("sequence")
    while batch := list(in_order.filter(sequence__gt=last)[:AT_ONCE]):
        yield from batch
        last = batch[-1].sequence


def _mac_at(sequence: int) -> str:
    """Return the MAC of an entry, or of none before the first.

    Raise BrokenChain if it is gone, or in an archive and not the last one there.
    """
    if sequence == EMPTY.sequence:
        return EMPTY.mac
    if archive := Archive.objects.filter(last__gte=sequence).order_by("last").first():
        if archive.last != sequence:
            raise BrokenChain(f"Entry {sequence} is in the archive {archive}: give its file, too.")
        return archive.mac
    return _entry(sequence).mac


def _entry(sequence: int) -> Entry:
    entry = Entry.objects.filter(sequence=sequence).first()
    if entry is None:
        raise BrokenChain(chain.removed(sequence, sequence))
    return entry
