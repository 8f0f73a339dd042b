"""Files that the commands read: APVs as JSON, diffs, modifications."""

import hashlib
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hitl_client.errors import Misconfigured

STDIN = "-"
WHITE_SPACE = re.compile(r"\s*")


def read_text(name: str) -> str:
    """Return the text of a file, or of standard input for `-`. Raise Misconfigured."""
    try:
        return sys.stdin.read() if name == STDIN else Path(name).read_text(encoding="utf-8-sig")
    except OSError as error:
        raise Misconfigured(f"{name} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise Misconfigured(f"{name} cannot be read: it is not UTF-8.") from None


def read_object(name: str) -> dict[str, Any]:
    found = list(_values(name))
    if len(found) != 1 or not isinstance(found[0], dict):
        raise Misconfigured(f"{name}: give a JSON object.")
    return found[0]


def read_apvs(name: str) -> list[dict[str, Any]]:
    """Return the APVs of a file: JSON objects, one after the other, or lists of them."""
    found = [one for value in _values(name) for one in (value if _is_list(value) else [value])]
    if not found:
        raise Misconfigured(f"{name}: there is no APV in it.")
    for number, apv in enumerate(found, 1):
        if not isinstance(apv, dict):
            raise Misconfigured(f"{name}: APV {number} is no JSON object.")
    return found


def _is_list(value: Any) -> bool:
    return isinstance(value, list)


def _values(name: str) -> Iterator[Any]:
    """Yield the JSON values of a file, one after the other, such as one on each line."""
    text = read_text(name).strip()
    decoder, at = json.JSONDecoder(), 0
    while at < len(text):
        try:
            value, at = decoder.raw_decode(text, at)
        except json.JSONDecodeError as error:
            where = f"line {error.lineno}, column {error.colno}"
            raise Misconfigured(f"{name}, {where}: this is no JSON: {error.msg}.") from None
        except RecursionError:
            raise Misconfigured(f"{name}: this JSON is nested too deeply.") from None
        yield value
        space = WHITE_SPACE.match(text, at)
        at = space.end() if space else at


def key_of(apvs: list[dict[str, Any]]) -> str:
    """Return the idempotency key of APVs: the same ones have the same key."""
    return hashlib.sha256(json.dumps(apvs, sort_keys=True).encode()).hexdigest()
