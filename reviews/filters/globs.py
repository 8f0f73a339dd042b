"""Patterns of names, as shells have them: `*` is any text, also with slashes, `?` one character.

One that ends with a slash is a folder: everything below it matches.
"""

import re
from fnmatch import fnmatchcase
from typing import Any

from django.db.models import BooleanField, F, Func, Q, Value

from reviews import search
from reviews.filters.kinds import Columns


def whole(pattern: str) -> str:
    """Return a pattern without the short form of folders."""
    return f"{pattern}*" if pattern.endswith("/") else pattern


def is_match(text: str, pattern: str) -> bool:
    return fnmatchcase(text, whole(pattern).replace("[", "[[]"))


def like(pattern: str) -> str:
    """Return the pattern of SQL's LIKE."""
    text = whole(pattern)
    for special in ("\\", "%", "_"):
        text = text.replace(special, f"\\{special}")
    return text.replace("*", "%").replace("?", "_")


class Like(Func):
    """Whether a text matches a pattern."""

    template = "%(expressions)s"
    arg_joiner = " LIKE "
    arity = 2
    output_field: Any = BooleanField()


class AnyLike(Func):
    """Whether one of the texts of an array matches a pattern."""

    template = "EXISTS (SELECT FROM unnest(%(expressions)s)"
    arg_joiner = ") AS one (text) WHERE one.text LIKE "
    arity = 2
    output_field: Any = BooleanField()


def condition(pattern: str, column: str, at: Columns, *, of_many: bool) -> Q:
    """Return the condition that a column matches; `of_many` if it is an array of texts."""
    matches = AnyLike if of_many else Like
    exact = Q(matches(F(at(column)), Value(like(pattern))))
    return _may_match(pattern) & exact if of_many and not at.prefix else exact


def _may_match(pattern: str) -> Q:
    """Return what an index of pending APVs finds: all pieces are in their paths."""
    pieces = [one for one in re.split(r"[*?]", pattern) if len(one) >= search.LEAST]
    found = Q()
    for piece in pieces:
        found &= Q(search.Holds(search.PATHS, search.Trigrams(Value(piece))))
    return found
