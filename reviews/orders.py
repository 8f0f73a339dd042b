"""The orders of lists. Each is total: its last key is the row's id.

So a page can start after a row, however many rows were added or removed before it. A cursor, for
programs, holds the keys of that row.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import reduce
from operator import attrgetter
from typing import Any

from django.core import signing
from django.core.exceptions import ValidationError
from django.db.models import (
    DateTimeField,
    Field,
    FloatField,
    Func,
    IntegerField,
    OrderBy,
    Q,
    UUIDField,
    Value,
)
from django.db.models.expressions import F
from django.db.models.functions import Coalesce
from django.db.models.lookups import Exact, GreaterThan, LessThan

SALT = "reviews.orders"
UNKNOWN_SCORE = 11.0
"""Stands for a score that is not known, beyond the highest one."""
NEVER = datetime(9999, 1, 1, tzinfo=UTC)
"""Stands for the time of an APV without a deadline, after all others."""


class BadCursor(ValueError):
    """A text that is not a cursor of this list in this order."""


@dataclass(frozen=True)
class Key:
    """Part of an order: its column, the expression in SQL, and its value for a row."""

    column: str
    expression: Any
    field: "Field[Any, Any]"
    value: Callable[[Any], Any]
    descending: bool = False

    def beyond(self, value: Any) -> Any:
        """Return the condition that a row's key comes after `value`."""
        compare = LessThan if self.descending else GreaterThan
        return compare(self.expression, Value(value, self.field))

    def same(self, value: Any) -> Any:
        return Exact(self.expression, Value(value, self.field))


@dataclass(frozen=True)
class Order:
    """A total order of a list; `name` distinguishes its cursors from those of other orders."""

    name: str
    keys: Sequence[Key]

    @property
    def by(self) -> list[OrderBy]:
        """Return the arguments for `order_by`."""
        return [OrderBy(key.expression, descending=key.descending) for key in self.keys]

    @property
    def columns(self) -> list[str]:
        """Return what a row must have been read with for `after`, `before` and `cursor`."""
        return [key.column for key in self.keys]

    @property
    def expressions(self) -> list[Any]:
        """Return the keys in SQL, for an index."""
        return [key.expression for key in self.keys]

    def values(self, row: Any) -> list[Any]:
        """Return the keys of `row`."""
        return [key.value(row) for key in self.keys]

    def after(self, row: Any) -> Any:
        """Return the condition that another row comes after `row`."""
        return self._after(self.values(row))

    def before(self, row: Any) -> Any:
        """Return the condition that another row comes before `row`."""
        return self.reversed.after(row)

    @property
    def reversed(self) -> "Order":
        """Return the reverse of this order."""
        keys = [replace(key, descending=not key.descending) for key in self.keys]
        return Order(f"{self.name} reversed", keys)

    def cursor(self, row: Any) -> str:
        """Return the text for the place after `row`."""
        return signing.dumps([self.name, [_plain(one) for one in self.values(row)]], salt=SALT)

    def after_cursor(self, cursor: str) -> Any:
        """Return the condition that a row comes after the place of `cursor`. Raise BadCursor."""
        try:
            name, texts = signing.loads(cursor, salt=SALT)
            if name != self.name:
                raise BadCursor("This cursor belongs to another list, or to another order of it.")
            return self._after(self._read(texts))
        except (signing.BadSignature, ValidationError, TypeError):
            raise BadCursor("This is no cursor that the server gave.") from None

    def _read(self, texts: Any) -> list[Any]:
        """Return the keys in a cursor; one from an older version may hold others."""
        if len(texts) != len(self.keys):
            raise ValidationError("another number of keys")
        return [key.field.to_python(text) for key, text in zip(self.keys, texts, strict=True)]

    def _after(self, values: Sequence[Any]) -> Any:
        directions = {key.descending for key in self.keys}
        if len(directions) == 1:  # one row comparison, which can use an index
            compare = LessThan if directions.pop() else GreaterThan
            given = [Value(v, key.field) for key, v in zip(self.keys, values, strict=True)]
            return compare(_row_of(self.expressions), _row_of(given))
        return self._after_key_by_key(values)

    def _after_key_by_key(self, values: Sequence[Any]) -> Q:
        """Return the condition by key: all keys before one are equal, and that one comes after."""
        pairs = list(zip(self.keys, values, strict=True))

        def add(later: Q, pair: tuple[Key, Any]) -> Q:
            key, value = pair
            return Q(key.beyond(value)) | (Q(key.same(value)) & later)

        last, value = pairs[-1]
        return reduce(add, reversed(pairs[:-1]), Q(last.beyond(value)))


def _plain(value: Any) -> int | float | str:
    """Return a key as JSON has it."""
    if isinstance(value, datetime):
        return value.isoformat()
    return value if isinstance(value, int | float) else str(value)


def _row_of(expressions: Sequence[Any]) -> Func:
    return Func(*expressions, function="ROW", output_field=IntegerField())


def _column(name: str, field: "Field[Any, Any]", *, descending: bool = False) -> Key:
    return Key(name, F(name), field, attrgetter(name), descending)


# -- APVs -------------------------------------------------------------------------------------

_OLDEST_FIRST = (_column("created_at", DateTimeField()), _column("apv_id", UUIDField()))

QUEUE = Order(
    "priority",
    [
        Key(
            "priority",
            F("priority") * Value(-1),
            IntegerField(),
            lambda apv: -(apv.priority or 0),
        ),
        *_OLDEST_FIRST,
    ],
)
"""Highest priority first, then oldest first."""
DUE_AT = Coalesce(F("due_at"), Value(NEVER, DateTimeField()))
DUE = Order(
    "due",
    [Key("due_at", DUE_AT, DateTimeField(), lambda apv: apv.due_at or NEVER), *_OLDEST_FIRST],
)
"""The nearest deadline first, then those without one, oldest first."""
QUEUE_SORTS = {
    "priority": QUEUE,
    "due": DUE,
    "age": Order("age", _OLDEST_FIRST),
    "score": Order(
        "score",
        [
            Key(
                "cvss_score",
                Coalesce(F("cvss_score"), 0.0) * Value(-1.0),
                FloatField(),
                lambda apv: -(apv.cvss_score or 0.0),
            ),
            *_OLDEST_FIRST,
        ],
    ),
}
"""The orders of the console. An index has each, so all keys ascend."""

APV_KEYS = ("priority", "created_at", "updated_at", "cvss_score")
"""What lists of APVs can be ordered by; "-" before a name turns it round."""


def order_of_apvs(names: Sequence[str]) -> Order:
    """Return the order that `names` ask for, or the queue's if there are none."""
    if not names:
        return QUEUE
    first = {name.removeprefix("-"): name.startswith("-") for name in reversed(names)}
    keys = [_apv_key(name, descending) for name, descending in reversed(first.items())]
    return Order(f"apvs by {','.join(names)}", [*keys, _OLDEST_FIRST[-1]])


def _apv_key(name: str, descending: bool) -> Key:
    match name:
        case "priority":
            return _column(name, IntegerField(), descending=descending)
        case "cvss_score":
            return _score(descending)
    return _column(name, DateTimeField(), descending=descending)


def _score(descending: bool) -> Key:
    """Return the order by a score; rows without one come last in both directions."""
    unknown = -UNKNOWN_SCORE if descending else UNKNOWN_SCORE
    return Key(
        "cvss_score",
        Coalesce(F("cvss_score"), Value(unknown)),
        FloatField(),
        lambda apv: unknown if apv.cvss_score is None else apv.cvss_score,
        descending,
    )


# -- Decisions --------------------------------------------------------------------------------

DECISIONS = Order(
    "decisions",
    [
        _column("decided_at", DateTimeField(), descending=True),
        _column("decision_id", UUIDField(), descending=True),
    ],
)
"""Newest first."""
