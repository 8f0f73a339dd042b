"""JSON objects in files, for commands: one, a list of them, or JSON Lines, also packed."""

import gzip
import io
import json
import sys
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import chain
from typing import IO, Any, NamedTuple

MOST_BYTES = 64 * 1024**2
"""Of a line, and of a file that is one document."""
GZIP = b"\x1f\x8b"


class Unreadable(ValueError):
    """Something that is no JSON, or cannot be read at all."""


class Document(NamedTuple):
    """A value of a file; `where` names file and line, `read` raises Unreadable."""

    where: str
    read: Callable[[], Any]


class Line(NamedTuple):
    number: int
    data: bytes


def documents(file: str) -> Iterator[Document]:
    """Yield the documents of a file, "-" being standard input, one at a time."""
    name = "standard input" if file == "-" else file
    try:
        with _opened(file) as stream:
            yield from _documents(_lines(stream), name)
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or error
        yield Document(name, partial(_fail, f"cannot be read: {reason}"))


@contextmanager
def _opened(file: str) -> Iterator[IO[bytes]]:
    if file == "-":
        yield _unpacked(sys.stdin.buffer)
    else:
        with open(file, "rb") as stream:
            yield _unpacked(stream)


def _unpacked(stream: Any) -> IO[bytes]:
    reader = stream if hasattr(stream, "peek") else io.BufferedReader(stream)
    unpacked: IO[bytes] = reader
    if reader.peek(2)[:2] == GZIP:
        unpacked = gzip.GzipFile(fileobj=reader)  # type: ignore[assignment]
    return unpacked


def _lines(stream: IO[bytes]) -> Iterator[Line]:
    """Yield the lines with something on them; of one that is too long only the beginning."""
    number = 0
    while data := stream.readline(MOST_BYTES + 1):
        number += 1
        rest = data
        while len(rest) > MOST_BYTES and not rest.endswith(b"\n"):
            rest = stream.readline(MOST_BYTES + 1)
        if data.strip():
            yield Line(number, data)


def _documents(lines: Iterator[Line], name: str) -> Iterator[Document]:
    first = next(lines, None)
    if first is None:
        yield Document(name, partial(_fail, "is empty"))
    elif _begins_a_document(first.data):
        yield from _whole(first, lines, name)
    else:
        yield from _each(chain([first], lines), name)


def _begins_a_document(data: bytes) -> bool:
    """Return whether a line is the beginning of a document of several lines."""
    text = data.removeprefix(b"\xef\xbb\xbf").strip()
    return text.startswith((b"{", b"[")) and len(data) <= MOST_BYTES and not _is_json(data)


def _is_json(data: bytes) -> bool:
    try:
        _parsed(data)
    except Unreadable:
        return False
    return True


def _is_object(line: Line) -> bool:
    return line.data.strip().startswith(b"{") and _is_json(line.data)


def _whole(first: Line, lines: Iterator[Line], name: str) -> Iterator[Document]:
    """Yield the one document that the lines are, or them all where another is one by itself."""
    held, size = [first], len(first.data)
    while size <= MOST_BYTES and (line := next(lines, None)):
        held.append(line)
        size += len(line.data)
    data = b"\n" * (first.number - 1) + b"".join(one.data for one in held)
    if len(data) <= MOST_BYTES and not _is_json(data) and any(map(_is_object, held)):
        yield from _each(held, name)
    elif size > MOST_BYTES:
        yield from _each(chain(held, lines), name)
    else:
        yield from _values(data, f"{name}, line {first.number}")


def _each(lines: Iterable[Line], name: str) -> Iterator[Document]:
    for line in lines:
        yield from _values(line.data, f"{name}, line {line.number}")


def _values(data: bytes, where: str) -> Iterator[Document]:
    """Yield the items of a list, else the one value."""
    try:
        value = _parsed(data)
    except Unreadable as why:
        yield Document(where, partial(_fail, str(why)))
        return
    if not isinstance(value, list):
        yield Document(where, partial(_same, value))
        return
    for number, one in enumerate(value, 1):
        yield Document(f"{where}, item {number}", partial(_same, one))


def _parsed(data: bytes) -> Any:
    """Return the value; raises Unreadable."""
    if len(data) > MOST_BYTES:
        raise Unreadable(f"is longer than {MOST_BYTES // 1024**2} MiB")
    try:
        return json.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise Unreadable(f"is not UTF-8, at byte {error.start + 1}") from None
    except RecursionError:
        raise Unreadable("is nested too deeply") from None
    except json.JSONDecodeError as error:
        place = (
            f"line {error.lineno}, column {error.colno}"
            if error.lineno > 1
            else (f"column {error.colno}")
        )
        raise Unreadable(f"is no JSON: {error.msg}, {place}") from None
    except ValueError as error:
        raise Unreadable(f"is no JSON: {error}") from None


def _same(value: Any) -> Any:
    return value


def _fail(reason: str) -> Any:
    raise Unreadable(reason)
