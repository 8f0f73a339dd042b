"""Parameters that look at more than one column."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db.models import Q

from reviews import search, selectors
from reviews.filters.kinds import Choice, Columns, Parameter, any_of, follow

if TYPE_CHECKING:
    from reviews.models import APV


@dataclass(frozen=True)
class Repository(Parameter):
    """A repository, as the names of its forge and of its path there."""

    def q(self, values: Sequence[str], at: Columns, now: datetime) -> Q:
        where = at("pull_request__repository")
        named = [value.partition("/") for value in values]
        return any_of(
            Q(**{f"{where}__forge__name": forge, f"{where}__path": path})
            for forge, _slash, path in named
        )

    def fact(self, apv: "APV", now: datetime) -> str | None:
        return selectors.repository_of(apv)


@dataclass(frozen=True)
class HasValue(Choice):
    """Whether a column has a value: yes or no."""

    def q(self, values: Sequence[str], at: Columns, now: datetime) -> Q:
        return any_of(Q(**{f"{at(self.path)}__isnull": value == "no"}) for value in values)

    def fact(self, apv: "APV", now: datetime) -> str:
        return "no" if follow(apv, self.path) is None else "yes"


@dataclass(frozen=True)
class Search(Parameter):
    """A part of one of some texts of an APV, in any case.

    Beyond ASCII, which letters are the same depends on the collation of the database.
    """

    fields: Sequence[str] = search.NAMES

    def q(self, values: Sequence[str], at: Columns, now: datetime) -> Q:
        return any_of(self._containing(value, at) for value in values)

    def _containing(self, text: str, at: Columns) -> Q:
        if at.prefix:
            return search.containing(text, at.prefix, self.fields)
        return search.containing_in_queue(text, self.fields)

    def fact(self, apv: "APV", now: datetime) -> dict[str, str]:
        return {name: getattr(apv, name) or "" for name in search.SEARCHED}

    def holds(self, values: Sequence[str], fact: Any) -> bool:
        texts = [(fact or {}).get(name, "").upper() for name in self.fields]
        return any(value.upper() in text for value in values for text in texts)
