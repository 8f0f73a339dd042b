"""Find APVs by a part of their names, or in the queue of their text, by indexes of all trigrams.

PostgreSQL's own pg_trgm would do, but not every server has it: the embedded one does not.
"""

from collections.abc import Iterable
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db.models import BooleanField, Func, Q, TextField, Value

SEARCHED = ("apv_code", "cve_id", "package_name", "cve_title", "cve_description")
NAMES = ("apv_code", "cve_id", "package_name")
"""Those of them that name an APV, and do not describe it."""
LEAST = 3
"""Shorter texts have no trigram; they are looked for row by row."""


class Trigrams(Func):
    """All sequences of three characters in the given texts (migration 0001)."""

    function = "reviews_trigrams"
    output_field: Any = ArrayField(TextField())


class TrigramsOfArray(Func):
    """All sequences of three characters in the texts of an array."""

    template = "reviews_trigrams(VARIADIC %(expressions)s)"
    arity = 1
    output_field: Any = ArrayField(TextField())


PATHS = TrigramsOfArray("paths")


class Holds(Func):
    """Whether the first array holds all elements of the second."""

    template = "%(expressions)s"
    arg_joiner = " @> "
    arity = 2
    output_field: Any = BooleanField()


def containing(text: str, prefix: str = "", fields: Iterable[str] = SEARCHED) -> Q:
    """Return the condition that one of an APV's `fields` contains `text`, in any case."""
    condition = Q()
    for field in fields:
        condition |= Q(**{f"{prefix}{field}__icontains": text})
    return condition


def containing_in_queue(text: str) -> Q:
    """Return the same condition for pending APVs, for which it uses the index."""
    return containing(text) & _indexed(text, SEARCHED)


def named(text: str, prefix: str = "") -> Q:
    """Return the condition that one of an APV's names contains `text`. It uses an index."""
    return containing(text, prefix, NAMES) & _indexed(text, [prefix + name for name in NAMES])


def _indexed(text: str, fields: Iterable[str]) -> Q:
    return Q(Holds(Trigrams(*fields), Trigrams(Value(text)))) if len(text) >= LEAST else Q()
