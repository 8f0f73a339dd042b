"""A filter of APVs: parsed from text, to a condition in SQL and to a predicate."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, quote

from django.db.models import Q
from django.utils.translation import gettext as _

from realtime import clock
from reviews.errors import FieldErrors, InvalidInput
from reviews.filters.facts import Facts
from reviews.filters.kinds import BadValue, Columns, Parameter, at_most
from reviews.filters.parameters import PARAMETERS, SEARCH, SEARCH_IN_TEXT, WITHIN
from reviews.filters.person import Person

LONGEST = 4000
MOST_VALUES = 100
UNQUOTED = "/:@*[]"
READ = {**PARAMETERS, WITHIN.name: WITHIN}
WHOLE = "filter"
"""The name under which the faults of a whole text are reported."""


class InvalidFilter(InvalidInput):
    """A text is not a filter; `errors` gives the reasons by parameter."""


class Term(NamedTuple):
    """A parameter and the values of which an APV must have any."""

    parameter: Parameter
    values: tuple[Any, ...]

    @property
    def text(self) -> str:
        written = (quote(self.parameter.write(one), safe=UNQUOTED) for one in self.values)
        return f"{self.parameter.name}={','.join(written)}{self.parameter.suffix}"

    @property
    def words(self) -> str:
        """Return the values for people."""
        return ", ".join(self.parameter.in_words(one) for one in self.values)


@dataclass(frozen=True)
class Filter:
    """Terms that must all hold, in the order of the parameters; without any, all APVs match."""

    terms: tuple[Term, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.terms)

    @property
    def text(self) -> str:
        """Return the one spelling of this filter, which `parse` reads."""
        return "&".join(term.text for term in self.terms)

    @property
    def words(self) -> str:
        """Return the filter for people: each parameter with its values."""
        return "; ".join(f"{term.parameter.label}: {term.words}" for term in self.terms)

    @property
    def personal(self) -> dict[str, list[Any]]:
        """Return the values that mean whoever asks, by parameter."""
        found = {one.name: one.personal(values) for one, values in self.terms}
        return {name: values for name, values in found.items() if values}

    def of(self, person: Person) -> "Filter":
        """Return this filter as `person` asks for it: without one, "me" raises NoPerson."""
        return Filter(tuple(Term(one.of(person), values) for one, values in self.terms))

    def q(self, prefix: str = "", *, now: datetime | None = None) -> Q:
        """Return the condition on rows of APVs, or on rows that `prefix` leads from to an APV."""
        return self.condition(Columns(prefix), now)

    def condition(self, at: Columns, now: datetime | None = None) -> Q:
        """Return the condition on rows that reach the columns of an APV as `at` says."""
        moment = now or clock.now()
        result = Q()
        for parameter, values in self.terms:
            result &= parameter.q(values, at, moment)
        return result

    def matches(self, facts: Facts) -> bool:
        """Return whether an APV with these facts matches."""
        return all(one.holds(values, facts.get(one.name)) for one, values in self.terms)


def parse(text: str, *, personal: bool = False) -> Filter:
    """Return the filter in a text. Raise InvalidFilter for anything in it that is none.

    Values such as "me" are only allowed in a `personal` one, which a person asks for: policies and
    deadlines hold without one.
    """
    faults: FieldErrors = {}
    values: dict[str, list[Any]] = {}
    for name, texts in _given(text).items():
        try:
            values[name] = _read(name, texts)
        except BadValue as reason:
            faults[name] = list(reason.args)
    found = filter_of(values)
    if not personal:
        faults |= {name: [_nobody_asks(found, name)] for name in found.personal}
    if faults:
        raise InvalidFilter(faults)
    return found


def _nobody_asks(found: Filter, name: str) -> str:
    words = ", ".join(found.personal[name])
    return _("{values} means whoever asks, and here nobody does.").format(values=words)


def filter_of(values: Mapping[str, Iterable[Any]]) -> Filter:
    """Return the filter with these values by parameter, each once and in its place."""
    in_text = SEARCH.name in values and WITHIN.name in values
    return Filter(
        tuple(
            Term(SEARCH_IN_TEXT if in_text and one is SEARCH else one, tuple(ordered))
            for name, one in PARAMETERS.items()
            if name in values and (ordered := one.sorted(set(values[name])))
        )
    )


def _given(text: str) -> dict[str, list[str]]:
    """Return the texts of the values by parameter. Raise InvalidFilter."""
    if len(text) > LONGEST:
        raise InvalidFilter({WHOLE: [at_most(LONGEST)]})
    given: dict[str, list[str]] = {}
    for name, value in parse_qsl(text.removeprefix("?"), keep_blank_values=True):
        given.setdefault(name, []).append(value)
    return given


def _read(name: str, texts: list[str]) -> list[Any]:
    """Return the values of a parameter. Raise BadValue with all reasons."""
    if name not in READ:
        raise BadValue(_("There is no such filter."))
    parameter = READ[name]
    values: list[Any] = []
    reasons: list[str] = []
    for text in parameter.divided(texts):
        try:
            values.append(parameter.read(text))
        except BadValue as reason:
            reasons += reason.args
    if not values and not reasons:
        reasons.append(_("Give a value."))
    if len(texts) > 1 and not parameter.takes_several:
        reasons.append(_("Give one value."))
    if len(values) > MOST_VALUES:
        message = _("Give at most {most} values.")
        reasons.append(message.format(most=MOST_VALUES))
    if reasons:
        raise BadValue(*dict.fromkeys(reasons))
    return values


def read_leniently(given: Mapping[str, list[str]]) -> Filter:
    """Return the filter in the parameters of an address; unknown ones and values are ignored."""
    values: dict[str, list[Any]] = {}
    for name in READ.keys() & given.keys():
        parameter, texts = READ[name], given[name]
        kept = parameter.divided(texts if parameter.takes_several else texts[-1:])
        values[name] = list(_readable(parameter, kept[:MOST_VALUES]))
    return filter_of({name: found for name, found in values.items() if found})


def _readable(parameter: Parameter, texts: list[str]) -> Iterator[Any]:
    for text in texts:
        with suppress(BadValue):
            yield parameter.read(text)
