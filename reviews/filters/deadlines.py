"""How near the deadlines of APVs are: `overdue`, `soon`, `none`, or spans of the time left."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db.models import DateTimeField, F, Q, Value
from django.db.models.functions import Coalesce
from django.db.models.lookups import GreaterThanOrEqual, LessThan
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from reviews.filters.kinds import Columns, any_of, follow
from reviews.filters.spans import Ages, Span
from reviews.orders import NEVER

if TYPE_CHECKING:
    from reviews.models import APV

NONE = "none"
SOON_HOURS = 24
NAMED = {"overdue": Span(None, 0), "soon": Span(0, SOON_HOURS)}
"""The spans that have a name. The time left is below zero once a deadline has passed."""


@dataclass(frozen=True)
class DueIn(Ages):
    """Spans of the time left until a moment, in hours, days or weeks; None is no deadline."""

    def read(self, text: str) -> Span | None:
        if text == NONE:
            return None
        return NAMED[text] if text in NAMED else self._read_span(text)

    def _read_span(self, text: str) -> Span | None:
        span = super().read(text)
        return span and Span(span.low or 0, span.high)  # what is overdue has a name of its own

    def write(self, value: Span | None) -> str:
        if value is None:
            return NONE
        names = (name for name, span in NAMED.items() if span == value)
        return next(names, None) or super().write(_without_zero(value))

    def in_words(self, value: Span | None) -> str:
        if value is None:
            return pgettext("deadline", "none")
        if value == NAMED["overdue"]:
            return _("overdue")
        if not value.low and value.high is not None:
            return _("within {time}").format(time=self.numeral(value.high))
        return super().in_words(value)

    def q(self, values: Sequence[Span | None], at: Columns, now: datetime) -> Q:
        return any_of(self._left(one, at(self.path), now) for one in values)

    def _left(self, span: Span | None, column: str, now: datetime) -> Q:
        """Return the condition on what the queue is sorted by, which has an index."""
        moment = Coalesce(F(column), Value(NEVER, DateTimeField()))
        if span is None:
            return Q(GreaterThanOrEqual(moment, Value(NEVER, DateTimeField())))
        low = Q() if span.low is None else Q(GreaterThanOrEqual(moment, _at(now, span.low)))
        high = NEVER if span.high is None else _moment(now, span.high)
        return low & Q(LessThan(moment, Value(high, DateTimeField())))

    def fact(self, apv: "APV", now: datetime) -> Any:
        """Return the hours left, None without a deadline."""
        due_at: datetime | None = follow(apv, self.path)
        return None if due_at is None else (due_at - now) / timedelta(hours=1)


def _without_zero(span: Span) -> Span:
    """Return a span as it is written: `-8h` begins now."""
    return span if span.high is None else Span(span.low or None, span.high)


def _moment(now: datetime, hours: float) -> datetime:
    return now + timedelta(hours=hours)


def _at(now: datetime, hours: float) -> Value:
    return Value(_moment(now, hours), DateTimeField())
