"""Write the file of an archive."""

import gzip
import os
from collections.abc import Iterable
from pathlib import Path

from audit.archives.lines import EntryLine, Header
from audit.models import Entry


def write(path: Path, header: Header, entries: Iterable[Entry]) -> None:
    """Write gzipped lines that are on the disk when this returns, and that only their owner reads.

    The same entries make the same file.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        with gzip.GzipFile(fileobj=file, filename="", mode="wb", compresslevel=6, mtime=0) as lines:
            lines.write(header.signed().encoded())
            for entry in entries:
                lines.write(EntryLine.of(entry).encoded())
        file.flush()
        os.fsync(file.fileno())
