"""The kinds of parameters: how each reads its values, and compares them in SQL and in Python.

What is said here of values and of an APV is plain JSON, so that it can be stored.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Any

from django.db.models import Q
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

if TYPE_CHECKING:
    from reviews.filters.person import Person
    from reviews.models import APV

LONGEST_VALUE = 500


class BadValue(ValueError):
    """A parameter does not have this value; the arguments say why."""


def at_most(characters: int) -> str:
    """Return what is said of a longer text."""
    message = ngettext(
        "Write at most {most} character.", "Write at most {most} characters.", characters
    )
    return message.format(most=characters)


@dataclass(frozen=True)
class Columns:
    """How the columns of an APV are reached from a row: those in `own` are the row's own."""

    prefix: str = ""
    own: frozenset[str] = frozenset()

    def __call__(self, name: str) -> str:
        return name if name in self.own else self.prefix + name


@dataclass(frozen=True)
class Parameter:
    """A parameter with free text, which is compared exactly.

    `column` leads from an APV to its value, through related rows if it must.
    """

    name: str
    label: Any
    column: str = ""
    takes_several: bool = True
    """Whether commas divide values, and the parameter may come several times."""
    longest: int = LONGEST_VALUE
    example: str = ""
    """What a field shows that nobody filled."""
    suffix: str = ""
    """What follows it in the text of a filter."""

    @property
    def path(self) -> str:
        return self.column or self.name

    def personal(self, values: Iterable[Any]) -> list[Any]:
        """Return those of `values` that mean whoever asks."""
        return []

    def of(self, person: "Person") -> "Parameter":
        """Return this parameter as `person` asks for it."""
        return self

    def divided(self, texts: Iterable[str]) -> list[str]:
        """Return the texts of single values; empty ones are none."""
        if self.takes_several:
            texts = (part for text in texts for part in text.split(","))
        return [text.strip() for text in texts if text.strip()]

    def read(self, text: str) -> Any:
        """Return the value in a text. Raise BadValue."""
        if len(text) > self.longest:
            raise BadValue(at_most(self.longest))
        if "\x00" in text:
            raise BadValue(_("Null characters are not allowed."))
        return text

    def write(self, value: Any) -> str:
        """Return the text of a value, in its one spelling."""
        return str(value)

    def in_words(self, value: Any) -> str:
        """Return a value for people."""
        return str(value)

    def sorted(self, values: Iterable[Any]) -> list[Any]:
        """Return values in the order in which they are written."""
        return sorted(values, key=self.write)

    def q(self, values: Sequence[Any], at: Columns, now: datetime) -> Q:
        """Return the condition that a row has any of `values`."""
        return Q(**{f"{at(self.path)}__in": values})

    def fact(self, apv: "APV", now: datetime) -> Any:
        """Return what `holds` compares of an APV, as JSON."""
        return follow(apv, self.path)

    def holds(self, values: Sequence[Any], fact: Any) -> bool:
        """Return whether a fact is any of `values`; None is a fact that nobody knows."""
        return fact in values


def follow(apv: "APV", path: str) -> Any:
    """Return the value at a path of columns, None where a row on the way is missing."""
    value: Any = apv
    for name in path.split("__"):
        value = None if value is None else getattr(value, name)
    return value


@dataclass(frozen=True)
class Choice(Parameter):
    """One of some words. `unknown` is the one for a column without a value."""

    choices: Sequence[tuple[str, Any]] = ()
    unknown: str = ""

    @property
    def every(self) -> dict[str, Any]:
        """Return the words for people by value, with a capital letter."""
        return {value: capfirst(words) for value, words in self.choices}

    def read(self, text: str) -> str:
        if text not in self.every:
            message = _("Choose from {values}.")
            raise BadValue(message.format(values=", ".join(self.every)))
        return text

    def in_words(self, value: str) -> str:
        return str(self.every[value])

    def sorted(self, values: Iterable[str]) -> list[str]:
        return sorted(values, key=list(self.every).index)

    def q(self, values: Sequence[str], at: Columns, now: datetime) -> Q:
        known = [value for value in values if value != self.unknown]
        condition = Q(**{f"{at(self.path)}__in": known})
        if self.unknown in values:
            condition |= Q(**{at(self.path): None})
        return condition

    def holds(self, values: Sequence[str], fact: str | None) -> bool:
        return (self.unknown if fact is None else fact) in values


@dataclass(frozen=True)
class Offered(Parameter):
    """A text of which pages offer those that some APV has."""

    offers: Callable[[], list[tuple[str, str]]] = list


def any_of(conditions: Iterable[Q]) -> Q:
    """Return the condition that any of some holds; there is at least one."""
    return reduce(or_, conditions)
