"""Verify the audit's chain in pieces, with several processes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.db.models import Max

from audit import chain
from audit.chain import EMPTY, BrokenChain, ChainHead
from audit.models import Entry, Head
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
    """Where the chain ends: as its head says, and as the entries are."""

    head: ChainHead
    last: int

    @classmethod
    def now(cls) -> "End":
        with snapshot():
            row = Head.objects.first()
            last = Entry.objects.aggregate(last=Max("sequence"))["last"]
        return cls(ChainHead(row.sequence, row.mac) if row else EMPTY, last or 0)


def verify(end: End, *, after: ChainHead = EMPTY, processes: int = 1) -> Iterator[int]:
    """Verify the entries after the head `after`, up to `end`; yield how many, piece by piece.

    Raise BrokenChain at the first entry that was edited, removed or moved.
    """
    yield from map(len, _verified(list(_pieces(after.sequence, end.head.sequence)), processes))
    if end.last > end.head.sequence or _mac_at(end.head.sequence) != end.head.mac:
        raise BrokenChain(f"Entry {end.head.sequence} is not the last: the head was set back.")
    compare(end, after)


def compare(end: End, noted: ChainHead) -> None:
    """Raise BrokenChain if the entry that was the head once is not there any more."""
    if noted.sequence > end.head.sequence:
        raise BrokenChain(chain.removed(end.head.sequence + 1, noted.sequence))
    if _mac_at(noted.sequence) != noted.mac:
        raise BrokenChain(f"Entry {noted.sequence} is not the one that was the head once.")


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
    for entry in _entries(piece):
        chain.check(entry, last)
        last = ChainHead(entry.sequence, entry.mac)
    if last.sequence < piece.until:
        raise BrokenChain(chain.removed(last.sequence + 1, piece.until))
    return piece


def _entries(piece: Piece) -> Iterator[Entry]:
    """Yield the entries of a piece in order, reading in batches."""
    last = piece.after
    in_order = Entry.objects.filter(sequence__lte=piece.until).order_by("sequence")
    while batch := list(in_order.filter(sequence__gt=last)[:AT_ONCE]):
        yield from batch
        last = batch[-1].sequence


def _mac_at(sequence: int) -> str:
    """Return the MAC of an entry, or of none before the first. Raise BrokenChain if it is gone."""
    if sequence == EMPTY.sequence:
        return EMPTY.mac
    found = Entry.objects.filter(sequence=sequence).values_list("mac", flat=True).first()
    if found is None:
        raise BrokenChain(chain.removed(sequence, sequence))
    return found
