"""Text from forges, made fit for the database and for a line."""

import re

from django.db.models import Model

UNSTORABLE = re.compile("[\0\ud800-\udfff]")
"""PostgreSQL's text holds no NUL, UTF-8 no half of a pair."""


def storable(text: str) -> str:
    """Return `text` with U+FFFD for what PostgreSQL cannot store."""
    return UNSTORABLE.sub("\ufffd", text)


def fitting(model: type[Model], field: str, text: str) -> str:
    """Return `text` cut to the length that a field has."""
    most: int | None = getattr(model._meta.get_field(field), "max_length", None)
    return text[:most]


def printable(text: str) -> str:
    """Return `text` in one line, with single spaces in place of what does not print."""
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())
