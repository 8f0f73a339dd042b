"""Read the JSON of an answer field by field: what is needed strictly, the rest leniently.

A field that is needed and has another shape raises Unavailable, which names it: such an answer does
not come from the forge as it is known, so that nothing else in it can be relied on.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar
from urllib.parse import urlsplit

from django.db.models import BigIntegerField

from forges.errors import Unavailable
from forges.texts import storable

SHA = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
Choice = TypeVar("Choice")
FAR = 10**10
"""Longer than any text in an answer, which is bounded."""


def link(text: str) -> str:
    """Return `text` if a page may link to it, otherwise ""."""
    try:
        parts = urlsplit(text)
    except ValueError:
        return ""
    return text if parts.scheme in {"http", "https"} and parts.netloc and len(text) <= 2000 else ""


class Fields:
    """A JSON object in an answer. `where` is the name of it that errors give."""

    def __init__(self, value: Any, where: str) -> None:
        if not isinstance(value, dict):
            raise Unavailable(f"{where} is {_kind(value)} instead of an object")
        self._values = value
        self._where = where

    # -- What is needed --------------------------------------------------------------------------

    def text(self, name: str, *, most: int = FAR) -> str:
        """Return the text of a field, which must be there and have 1 to `most` characters."""
        value = self._values.get(name)
        if not isinstance(value, str) or not 1 <= len(value) <= most:
            raise self._wrong(
                name, "a text" if most == FAR else f"a text of 1 to {most} characters"
            )
        return storable(value)

    def number(self, name: str) -> int:
        value = self._values.get(name)
        if (
            not isinstance(value, int)
            or isinstance(value, bool)
            or not 0 <= value <= BigIntegerField.MAX_BIGINT
        ):
            raise self._wrong(name, "a whole number")
        return value

    def sha(self, name: str) -> str:
        """Return the name of a commit."""
        value = self._values.get(name)
        if not isinstance(value, str) or not SHA.fullmatch(value):
            raise self._wrong(name, "the name of a commit")
        return value

    def link(self, name: str) -> str:
        """Return an address that pages may link to."""
        value = self.text(name, most=2000)
        if not link(value):
            raise self._wrong(name, "an address of the web")
        return value

    def time(self, name: str) -> datetime:
        if (found := self.maybe_time(name)) is None:
            raise self._wrong(name, "a time")
        return found

    def choice(self, name: str, choices: Mapping[str, Choice]) -> Choice:
        """Return what a word in a field means by `choices`."""
        value = self._values.get(name)
        if not isinstance(value, str) or value not in choices:
            raise self._wrong(name, f"one of {', '.join(choices)}")
        return choices[value]

    def inside(self, name: str) -> "Fields":
        """Return the object in a field."""
        return Fields(self._values.get(name), self._path(name))

    def objects(self, name: str) -> list["Fields"]:
        """Return the objects in the list in a field."""
        return objects(self._values.get(name), self._path(name))

    # -- What may be missing ---------------------------------------------------------------------

    def maybe_text(self, name: str, *, most: int = FAR) -> str:
        """Return the first `most` characters of a text, "" if there is none."""
        value = self._values.get(name)
        return storable(value[:most]) if isinstance(value, str) else ""

    def maybe_number(self, name: str) -> int | None:
        value = self._values.get(name)
        return value if isinstance(value, int) and not isinstance(value, bool) else None

    def maybe_sha(self, name: str) -> str:
        value = self._values.get(name)
        return value if isinstance(value, str) and SHA.fullmatch(value) else ""

    def maybe_link(self, name: str) -> str:
        return link(self.maybe_text(name))

    def truth(self, name: str) -> bool:
        """Return whether a field is there and true."""
        return self._values.get(name) is True

    def maybe_truth(self, name: str) -> bool | None:
        value = self._values.get(name)
        return value if isinstance(value, bool) else None

    def maybe_time(self, name: str) -> datetime | None:
        """Return a time, with or without fractions of a second, None if there is none."""
        value = self._values.get(name)
        try:
            found = datetime.fromisoformat(value) if isinstance(value, str) else None
        except ValueError:
            return None
        return found.replace(tzinfo=UTC) if found and not found.tzinfo else found

    def maybe_inside(self, name: str) -> "Fields":
        """Return the object in a field, an empty one if there is none."""
        value = self._values.get(name)
        return Fields(value if isinstance(value, dict) else {}, self._path(name))

    def maybe_objects(self, name: str) -> list["Fields"]:
        """Return the objects in the list in a field; leave out what is no object."""
        value = self._values.get(name)
        found = value if isinstance(value, list) else []
        return [Fields(one, self._path(name)) for one in found if isinstance(one, dict)]

    def texts(self, name: str) -> list[str]:
        """Return the texts in the list in a field; leave out what is no text."""
        value = self._values.get(name)
        found = value if isinstance(value, list) else []
        return [storable(one) for one in found if isinstance(one, str)]

    def texts_by_name(self, name: str) -> dict[str, str]:
        """Return the texts in the object in a field by their names."""
        value = self._values.get(name)
        found = value if isinstance(value, dict) else {}
        return {storable(key): storable(one) for key, one in found.items() if isinstance(one, str)}

    def _wrong(self, name: str, wanted: str) -> Unavailable:
        found = _kind(self._values[name]) if name in self._values else "missing"
        return Unavailable(f"{self._path(name)} is {found} instead of {wanted}")

    def _path(self, name: str) -> str:
        return f"{self._where}.{name}"


def objects(value: Any, where: str) -> list[Fields]:
    """Return the objects in a list. Raise Unavailable."""
    if not isinstance(value, list):
        raise Unavailable(f"{where} is {_kind(value)} instead of a list")
    return [Fields(one, f"{where}[{index}]") for index, one in enumerate(value)]


def _kind(value: Any) -> str:
    """Return what a JSON value is, without its content."""
    match value:
        case None:
            return "null"
        case bool():
            return "true or false"
        case int() | float():
            return "another number" if isinstance(value, int) else "a fraction"
        case str():
            return "another text" if value else "an empty text"
        case list():
            return "a list"
    return "an object"
