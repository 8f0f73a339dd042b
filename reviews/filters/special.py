"""Parameters that look at more than one column."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db.models import Q

from reviews import search, selectors
from reviews.filters import globs
from reviews.filters.kinds import Choice, Columns, Parameter, any_of, follow
from reviews.patch_facts import dependency_of, paths_of

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
class YesNo(Choice):
    """Whether something is so: yes, no, or unknown."""

    def q(self, values: Sequence[str], at: Columns, now: datetime) -> Q:
        known = {"yes": True, "no": False, self.unknown: None}
        return any_of(Q(**{at(self.path): known[value]}) for value in values)

    def fact(self, apv: "APV", now: datetime) -> str | None:
        return {True: "yes", False: "no", None: None}[follow(apv, self.path)]


@dataclass(frozen=True)
class OfPatch(Choice):
    """A word that `read_patch` finds; the column is "" if the patch does not show it."""

    read_patch: Callable[["APV"], str] = dependency_of

    def q(self, values: Sequence[str], at: Columns, now: datetime) -> Q:
        condition = super().q(values, at, now)
        return condition | Q(**{at(self.path): ""}) if self.unknown in values else condition

    def fact(self, apv: "APV", now: datetime) -> str | None:
        stored: str | None = follow(apv, self.path)
        return (self.read_patch(apv) if stored is None else stored) or None


@dataclass(frozen=True)
class Pattern(Parameter):
    """A name that matches a pattern."""

    def q(self, values: Sequence[str], at: Columns, now: datetime) -> Q:
        return any_of(globs.condition(one, self.path, at, of_many=False) for one in values)

    def holds(self, values: Sequence[str], fact: str | None) -> bool:
        return any(globs.is_match(fact or "", value) for value in values)


@dataclass(frozen=True)
class Paths(Parameter):
    """A pattern that one of the files of the patch matches."""

    def q(self, values: Sequence[str], at: Columns, now: datetime) -> Q:
        return any_of(globs.condition(one, self.path, at, of_many=True) for one in values)

    def fact(self, apv: "APV", now: datetime) -> list[str]:
        stored: list[str] | None = apv.paths
        return paths_of(apv) if stored is None else stored

    def holds(self, values: Sequence[str], fact: Sequence[str] | None) -> bool:
        return any(globs.is_match(path, value) for value in values for path in fact or ())


@dataclass(frozen=True)
class Labels(Parameter):
    """A label of the pull request."""

    def q(self, values: Sequence[str], at: Columns, now: datetime) -> Q:
        return Q(**{f"{at(self.path)}__overlap": values})

    def fact(self, apv: "APV", now: datetime) -> list[str]:
        return list(follow(apv, self.path) or ())

    def holds(self, values: Sequence[str], fact: Sequence[str] | None) -> bool:
        return not set(values).isdisjoint(fact or ())


@dataclass(frozen=True)
class Search(Parameter):
    """A part of one of some texts of an APV, in any case.

    Beyond ASCII, which letters are the same depends on the collation of the database.
    """

    fields: Sequence[str] = search.NAMES

    def q(self, values: Sequence[str], at: Columns, now: datetime) -> Q:
        return any_of(self._containing(value, at) for value in values)

    def _containing(self, text: str, at: Columns) -> Q:
        if self.fields is search.NAMES:
            return search.named(text, at.prefix)
        if at.prefix:
            return search.containing(text, at.prefix)
        return search.containing_in_queue(text)

    def fact(self, apv: "APV", now: datetime) -> dict[str, str]:
        return {name: getattr(apv, name) or "" for name in search.SEARCHED}

    def holds(self, values: Sequence[str], fact: Any) -> bool:
        texts = [(fact or {}).get(name, "").upper() for name in self.fields]
        return any(value.upper() in text for value in values for text in texts)
