"""Verify archives that follow each other, and that the table goes on from them."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from audit import chain
from audit.archives.reading import ArchiveFile, in_order
from audit.chain import EMPTY, BrokenChain, ChainHead
from audit.models import Archive
from audit.verification import End, check_record, compare


class Files:
    """Archives whose headers were verified, in the order of their entries."""

    def __init__(self, paths: Sequence[Path]) -> None:
        """Raise BrokenChain if one is no archive, or does not follow the one before."""
        self.files = in_order(map(ArchiveFile.open, paths))
        self.before, self.end = self.files[0].header.before, self.files[-1].header.end
        self.total = sum(file.header.count for file in self.files)

    def verify(self, noted: ChainHead, records: dict[int, Archive]) -> Iterator[int]:
        """Verify each entry; yield how many, one by one. Raise BrokenChain at the first bad one.

        `noted` must be among them if its entry is; `records` are the archives that the database
        lists, by the entries that must say the same.
        """
        for file in self.files:
            for entry in file.verified():
                if entry.sequence == noted.sequence and entry.mac != noted.mac:
                    raise BrokenChain(chain.another(noted))
                if entry.sequence in records:
                    check_record(records[entry.sequence], entry)
                yield 1

    def has(self, noted: ChainHead) -> bool:
        return self.before.sequence < noted.sequence <= self.end.sequence

    def check_has(self, noted: ChainHead) -> None:
        """Raise BrokenChain unless the entry that was the head once is in the files."""
        if noted != EMPTY and not self.has(noted):
            raise BrokenChain(f"Entry {noted.sequence} is in none of the files.")

    def compare_with_table(self, end: End) -> None:
        """Raise BrokenChain unless the table has what follows the files."""
        if self.end.sequence < end.archived:
            raise BrokenChain(
                f"Entries {self.end.sequence + 1} to {end.archived} are in archives, the last of "
                f"which is {end.archive}: give their files, too."
            )
        try:
            compare(end, self.end)
        except BrokenChain as broken:
            name = self.files[-1].path.name
            raise BrokenChain(f"The table does not go on from {name}. {broken}") from None
