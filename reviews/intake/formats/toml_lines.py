"""TOML tables, line by line, as far as a hunk shows them."""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from reviews.intake.entries import SideLine

HEADER = re.compile(r"\s*\[{1,2}\s*([^\[\]]+?)\s*\]{1,2}\s*(?:#.*)?$")
ITEM = re.compile(r"""\s*(?:"([^"]*)"|'([^']*)'|([A-Za-z0-9_.-]+))\s*=\s*(.*)""")
QUOTED = re.compile(r'"((?:[^"\\]|\\.)*+)(?:"|$)|\'([^\']*+)(?:\'|$)')
INNER = re.compile(r"""(?<![\w.-])([\w.-]+)\s{0,5}=\s{0,5}(?:"([^"]*)"|'([^']*)')""")


class Item(NamedTuple):
    """`key = value`; a header has no key, a line inside an array only a value.

    `section` is None if the hunk does not show it, and `key` then names the array, if shown.
    """

    section: str | None
    key: str
    value: str
    changed: bool
    in_array: bool = False


def items(lines: Sequence[SideLine]) -> Iterator[Item]:
    section: str | None = None
    array = ""
    for text, changed in lines:
        if found := HEADER.match(text):
            section, array = found[1].replace('"', "").replace("'", ""), ""
            yield Item(section, "", "", changed)
        elif found := ITEM.match(text):
            key = found[1] or found[2] or found[3] or ""
            value = found[4]
            is_array = value.startswith("[")
            yield Item(section, key, value, changed, is_array)
            array = key if is_array and not value.rstrip().endswith("]") else ""
        elif text.strip().startswith("]"):
            array = ""
        elif text.strip():
            yield Item(section, array, text.strip(), changed, in_array=True)


def strings(value: str) -> Iterator[str]:
    """Yield the quoted strings of a line."""
    for found in QUOTED.finditer(value):
        yield found[1] if found[1] is not None else found[2] or ""


def string(value: str) -> str | None:
    """Return a value that is a string."""
    return next(strings(value), "") if value[:1] in {'"', "'"} else None


def table(value: str) -> dict[str, str]:
    """Return the strings of a table in one line, such as `{ version = "1", optional = true }`."""
    return {found[1]: found[2] or found[3] or "" for found in INNER.finditer(value)}
