"""Insert many rows at once, by COPY: no statement with a parameter for each value is built.

Values are prepared a column at a time: those of one column mostly have the same type.
"""

import json
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from operator import attrgetter
from types import NoneType
from typing import Any
from uuid import UUID

from django.contrib.postgres.fields import ArrayField
from django.db import DEFAULT_DB_ALIAS, connections, models
from django.db.models.expressions import DatabaseDefault
from psycopg import sql

PLAIN: "dict[type[models.Field[Any, Any]], type]" = {
    models.CharField: str,
    models.TextField: str,
    models.BooleanField: bool,
    models.IntegerField: int,
    models.FloatField: float,
    models.UUIDField: UUID,
}
"""The type of a field's values that PostgreSQL takes as they are."""
Columns = dict[Any, list[Any]]
"""The values of each field, one for each row."""


def copy(rows: Sequence[models.Model]) -> None:
    """Insert new rows of one model, which do not learn the ids that the database gives them.

    Their fields fill themselves as in a save; no signal is sent.
    """
    columns = _columns(rows)
    connection = connections[DEFAULT_DB_ALIAS]
    with (
        connection.wrap_database_errors,
        connection.cursor() as cursor,
        cursor.copy(_statement([*columns])) as copying,
    ):
        for values in zip(*columns.values(), strict=True):
            copying.write_row(values)
    for row in rows:
        row._state.adding, row._state.db = False, connection.alias


def _statement(fields: Sequence[Any]) -> sql.Composed:
    table = sql.Identifier(fields[0].model._meta.db_table)
    names = sql.SQL(", ").join(sql.Identifier(field.column) for field in fields)
    return sql.SQL("COPY {} ({}) FROM STDIN").format(table, names)


def _columns(rows: Sequence[models.Model]) -> Columns:
    """Return what to write: all but what the database itself gives every row."""
    fields = _fields(rows)
    for field in fields:
        if type(field).pre_save is not models.Field.pre_save:
            for row in rows:
                field.pre_save(row, add=True)
    columns = {field: _values(field, rows) for field in fields}
    return {
        field: _prepared(field, values)
        for field, values in columns.items()
        if values.count(_default(field)) < len(values)
    }


def _fields(rows: Sequence[models.Model]) -> list[Any]:
    """Return the fields of the rows, without the id if the database gives it."""
    fields = [one for one in rows[0]._meta.concrete_fields if not one.generated]
    is_given = any(row.pk is not None for row in rows)
    return [one for one in fields if is_given or not one.primary_key]


def _values(field: Any, rows: Sequence[models.Model]) -> list[Any]:
    """Return the values of a field, after rows without one got its default."""
    values = list(map(attrgetter(field.attname), rows))
    if DatabaseDefault not in map(type, values):
        return values
    for row, value in zip(rows, values, strict=True):
        if isinstance(value, DatabaseDefault):
            setattr(row, field.attname, _default(field))
    return list(map(attrgetter(field.attname), rows))


def _default(field: Any) -> Any:
    """Return what the database gives a row; an expression equals no value."""
    default = field.db_default if field.has_db_default() else None
    return default.value if isinstance(default, models.Value) else default


# -- Preparing --------------------------------------------------------------------------------


def _prepared(field: Any, values: list[Any]) -> list[Any]:
    """Return values in a form that psycopg writes; the field prepares those that are not usual."""
    field = getattr(field, "target_field", field)  # of a foreign key
    types = {*map(type, values)} - {NoneType}
    if types <= {_plain(field)} or (isinstance(field, models.DateTimeField) and _are_aware(values)):
        return values
    write = _writer(field, types, values)
    return [None if value is None else write(value) for value in values]


def _plain(field: Any) -> type | None:
    return next((type_ for kind, type_ in PLAIN.items() if isinstance(field, kind)), None)


def _are_aware(values: list[Any]) -> bool:
    return all(one is None or (type(one) is datetime and one.tzinfo) for one in values)


def _writer(field: Any, types: set[type], values: list[Any]) -> Callable[[Any], Any]:
    if isinstance(field, models.JSONField) and not field.encoder and types <= {dict, list}:
        return json.dumps
    is_array = types == {list} and isinstance(field, ArrayField)
    if is_array and _plain(field.base_field) is str and _are_texts(values):
        return _array
    return partial(field.get_db_prep_save, connection=connections[DEFAULT_DB_ALIAS])


def _are_texts(values: list[Any]) -> bool:
    return all(type(text) is str for texts in values for text in texts or ())


def _array(texts: list[str]) -> str:
    """Return an array of texts as PostgreSQL reads it."""
    escaped = (text.replace("\\", "\\\\").replace('"', '\\"') for text in texts)
    return "{" + ",".join(f'"{text}"' for text in escaped) + "}"
