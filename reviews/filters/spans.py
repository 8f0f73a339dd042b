"""Spans of numbers and of times: `0.5-`, `-0.1`, `1d-7d`; from the first, and below the second."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from django.db.models import Q
from django.utils.translation import gettext as _

from reviews.filters.kinds import BadValue, Columns, Parameter, any_of, follow

if TYPE_CHECKING:
    from reviews.models import APV

UNKNOWN = "unknown"


class Span(NamedTuple):
    """From `low` and below `high`; None is no bound."""

    low: float | None = None
    high: float | None = None

    def has(self, number: float) -> bool:
        is_above = self.low is None or number >= self.low
        return is_above and (self.high is None or number < self.high)


@dataclass(frozen=True)
class Numbers(Parameter):
    """Spans of a number, or `unknown` for a row without one."""

    def read(self, text: str) -> Span | None:
        if text == UNKNOWN:
            return None
        low, dash, high = text.partition("-")
        span = Span(self._bound(low), self._bound(high))
        if not dash or not (low or high):
            raise BadValue(_("Write a range, like {example}.").format(example=self.example))
        if span.low is not None and span.high is not None and span.low >= span.high:
            raise BadValue(_("Write the smaller bound first."))
        return span

    def _bound(self, text: str) -> float | None:
        return self.number(text) if text else None

    def number(self, text: str) -> float:
        """Return the number in a text. Raise BadValue."""
        if not re.fullmatch(r"[0-9]{1,3}(\.[0-9]{1,6})?", text, re.ASCII):
            raise BadValue(_("Write a range, like {example}.").format(example=self.example))
        return float(text)

    def numeral(self, number: float) -> str:
        """Return the text of a number."""
        return f"{number:.6f}".rstrip("0").rstrip(".")

    def write(self, value: Span | None) -> str:
        if value is None:
            return UNKNOWN
        low, high = ("" if one is None else self.numeral(one) for one in value)
        return f"{low}-{high}"

    def in_words(self, value: Span | None) -> str:
        if value is None:
            return _("unknown")
        low, high = ("" if one is None else self.numeral(one) for one in value)
        if not low:
            return _("below {high}").format(high=high)
        return _("{low} or more").format(low=low) if not high else f"{low} – {high}"

    def q(self, values: Sequence[Span | None], at: Columns, now: datetime) -> Q:
        return any_of(self._within(one, at(self.path)) for one in values)

    def _within(self, span: Span | None, column: str) -> Q:
        if span is None:
            return Q(**{f"{column}__isnull": True})
        bounds = {"gte": span.low, "lt": span.high}
        return Q(**{f"{column}__{name}": one for name, one in bounds.items() if one is not None})

    def holds(self, values: Sequence[Span | None], fact: float | None) -> bool:
        if fact is None:
            return None in values
        return any(span is not None and span.has(fact) for span in values)


HOURS = {"h": 1, "d": 24, "w": 168}


@dataclass(frozen=True)
class Ages(Numbers):
    """Spans of the time since a column's moment, in hours, days or weeks."""

    def number(self, text: str) -> float:
        found = re.fullmatch(r"([0-9]{1,5})([hdw])", text, re.ASCII)
        if found is None:
            raise BadValue(_("Write a range, like {example}.").format(example=self.example))
        return int(found[1]) * HOURS[found[2]]

    def numeral(self, number: float) -> str:
        hours = int(number)
        unit = next(one for one in ("w", "d", "h") if hours % HOURS[one] == 0)
        return f"{hours // HOURS[unit]}{unit}"

    def q(self, values: Sequence[Span | None], at: Columns, now: datetime) -> Q:
        return any_of(self._since(one, at(self.path), now) for one in values if one)

    def _since(self, span: Span, column: str, now: datetime) -> Q:
        bounds = {"lte": span.low, "gt": span.high}
        return Q(
            **{
                f"{column}__{name}": now - timedelta(hours=hours)
                for name, hours in bounds.items()
                if hours is not None
            }
        )

    def read(self, text: str) -> Span | None:
        span = super().read(text)
        if span is None:
            raise BadValue(_("Write a range, like {example}.").format(example=self.example))
        return span

    def fact(self, apv: "APV", now: datetime) -> float:
        """Return the age in hours."""
        since: Any = follow(apv, self.path)
        return float((now - since) / timedelta(hours=1))
