"""Show the progress of a command."""

import argparse
import time
from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

from tqdm import tqdm

LINE_SECONDS = 5.0
"""Between two lines, where there is no terminal to draw a bar on."""

T = TypeVar("T")


def add_progress_argument(parser: argparse.ArgumentParser) -> None:
    """Let a command be asked for its progress; `progress` is None if it is not said."""
    parser.add_argument(
        "--progress",
        action=argparse.BooleanOptionalAction,
        default=None,
        help="a bar on a terminal, else lines on standard error (default: on a terminal only)",
    )


def follow(items: Sequence[T], unit: str, stream: Any, *, wanted: bool | None) -> Iterator[T]:
    """Yield the items and show how many were taken: a bar on a terminal, else lines.

    If `wanted` is None, show it only on a terminal.
    """
    on_terminal = bool(stream.isatty())
    if wanted or (wanted is None and on_terminal):
        yield from _bar(items, unit) if on_terminal else _lines(items, unit, stream)
    else:
        yield from items


def _bar(items: Sequence[T], unit: str) -> Iterator[T]:
    yield from tqdm(items, unit=unit, leave=False)


def _lines(items: Sequence[T], unit: str, stream: Any) -> Iterator[T]:
    last = 0.0
    for number, item in enumerate(items):
        if time.monotonic() - last >= LINE_SECONDS:
            stream.write(_line(number, items, unit))
            last = time.monotonic()
        yield item
    stream.write(_line(len(items), items, unit))


def _line(number: int, items: Sequence[Any], unit: str) -> str:
    share = 100 * number // len(items) if items else 100
    return f"{number:,} of {len(items):,}{unit} ({share} %)"
