"""What people see: colours and progress on a terminal only, and no control characters."""

import json
import logging
import os
import sys
from collections.abc import Iterable, Sequence
from typing import IO, Any

from pydantic import BaseModel

COLOURS = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "cyan": "36"}
TONES = {
    **{"CRITICAL": "red", "HIGH": "yellow", "MEDIUM": "cyan", "LOW": "dim"},
    **{"approve": "green", "approved": "green", "reject": "red", "rejected": "red"},
}
"""The colours of words."""
REPLACEMENT = "\ufffd"


def is_coloured(stream: IO[str]) -> bool:
    """Return whether colours may be written: to a terminal, unless NO_COLOR (no-color.org)."""
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    return stream.isatty()


def coloured(text: str, colour: str | None, stream: IO[str] | None = None) -> str:
    if colour is None or not is_coloured(stream or sys.stdout):
        return text
    return f"\033[{COLOURS[colour]}m{text}\033[0m"


def clean(text: str, keep: str = "") -> str:
    """Return a text that cannot move the cursor or hide others: it comes from anywhere."""
    return "".join(one if one.isprintable() or one in keep else REPLACEMENT for one in text)


def say(text: str = "") -> None:
    """Write a line of the result. It is there at once, also in a pipe."""
    print(text, flush=True)  # noqa: T201


def note(text: str) -> None:
    """Write a line that is not the result."""
    print(clean(text), file=sys.stderr, flush=True)  # noqa: T201


class Notes(logging.Handler):
    """Writes what is logged as notes."""

    def emit(self, record: logging.LogRecord) -> None:
        note(f"hitl: {record.getMessage()}")


def say_json(record: BaseModel) -> None:
    """Write a record as one line of JSON, in ASCII."""
    say(json.dumps(record.model_dump(mode="json", by_alias=True)))


def say_table(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Write rows in columns, coloured by what their words mean."""
    cells = [[clean(str("" if cell is None else cell)) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(head, *cells, strict=True)]
    say(coloured("  ".join(_padded(head, widths)).rstrip(), "dim"))
    for row in cells:
        padded = zip(row, _padded(row, widths), strict=True)
        say("  ".join(coloured(text, TONES.get(cell)) for cell, text in padded).rstrip())


def _padded(row: Sequence[str], widths: Sequence[int]) -> list[str]:
    return [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]


class Progress:
    """A line that counts up, on a terminal only; it is gone at the end."""

    def __init__(self, what: str, total: int) -> None:
        self._what, self._total = what, total
        self._is_shown = sys.stderr.isatty() and os.environ.get("TERM") != "dumb"

    def __enter__(self) -> "Progress":
        return self

    def __exit__(self, *_: object) -> None:
        self._write("\r\033[K")

    def reach(self, count: int) -> None:
        self._write(f"\r\033[K{count:,} of {self._total:,} {self._what}")

    def _write(self, text: str) -> None:
        if self._is_shown:
            sys.stderr.write(text)
            sys.stderr.flush()
