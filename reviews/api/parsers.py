"""Parse request bodies: JSON whose size is checked before it is built."""

import codecs
import json
import re
from collections.abc import Iterator, Mapping
from typing import IO, Any

from rest_framework.exceptions import ParseError, ValidationError
from rest_framework.parsers import JSONParser
from rest_framework.utils.json import strict_constant

MOST_VALUES = 250_000
"""How many values and keys a body may hold: a thousand APVs have some 80 each.

An empty object takes 64 bytes where its text takes three.
"""
MOST_LEVELS = 60
"""How deep a body may nest: evidence of 50 levels, in an APV, in a list, and some more."""

STRING = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"?', re.DOTALL)
BRACKET = re.compile(r"([\[{])|[\]}]")
SURROGATE_ESCAPE = re.compile(r"\\u[dD][89a-fA-F]")
HALF_CHARACTER = re.compile("[\ud800-\udfff]")
NOT_UNICODE = "Text must be valid Unicode."


class StrictJSONParser(JSONParser):
    """JSON in UTF-8 without NaN, Infinity or lone surrogates, with limits on depth and values."""

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        try:
            text = codecs.getreader("utf-8")(stream).read()
            _check_size(text)
            body = json.loads(text, parse_constant=strict_constant)
        except UnicodeDecodeError:
            raise ParseError("JSON parse error - the body is not UTF-8") from None
        except RecursionError:
            raise ParseError("JSON parse error - nested too deeply") from None
        except ValueError as error:
            raise ParseError(f"JSON parse error - {error}") from None
        if SURROGATE_ESCAPE.search(text):
            _check_characters(body)
        return body


def _check_size(text: str) -> None:
    """Raise ParseError if `text` has too many values or nests too deeply."""
    most = 2 * MOST_VALUES  # a value in a list counts twice: itself, and its separator
    signs, strings = STRING.subn("", text, count=most + 1)
    if strings + sum(map(signs.count, "[]{},")) > most:
        raise ParseError(f"JSON parse error - more than {MOST_VALUES:,} values")
    level = 0
    for bracket in BRACKET.finditer(signs):
        level += 1 if bracket.lastindex else -1
        if level > MOST_LEVELS:
            raise ParseError("JSON parse error - nested too deeply")


# -- Characters -------------------------------------------------------------------------------


def _check_characters(body: Any) -> None:
    """Raise ValidationError for the fields of `body` that contain a lone surrogate.

    JSON can escape half of a surrogate pair, which cannot be stored or encoded.
    """
    errors = {path: [NOT_UNICODE] for path, value in _fields(body) if _has_half(value)}
    if errors:
        raise ValidationError(errors)


def _fields(value: Any, path: str = "", *, in_row: bool = False) -> Iterator[tuple[str, Any]]:
    """Yield the fields of objects and the items of lists, with their paths."""
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from _fields(item, f"{path}[{index}]", in_row=in_row)
    elif isinstance(value, dict) and not in_row:
        yield path or "body", [*value]
        for name, item in value.items():
            yield from _fields(item, f"{path}.{name}" if path else name, in_row=True)
    else:
        yield path or "body", value


def _has_half(value: Any) -> bool:
    if isinstance(value, str):
        return HALF_CHARACTER.search(value) is not None
    if isinstance(value, dict):
        return any(_has_half(part) for pair in value.items() for part in pair)
    return isinstance(value, list) and any(map(_has_half, value))
