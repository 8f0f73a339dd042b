"""Insert many rows at once, by COPY: no statement with a parameter for each value is built."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from django.db import DEFAULT_DB_ALIAS, connections, models
from django.db.models.expressions import DatabaseDefault
from psycopg import sql

PLAIN: "dict[type[models.Field[Any, Any]], type]" = {
    models.CharField: str,
    models.TextField: str,
    models.BooleanField: bool,
    models.IntegerField: int,
    models.FloatField: float,
}
"""The type of a field's values that PostgreSQL takes as they are; the field prepares all others."""


class Column(NamedTuple):
    """A field, the name of its values, and the type of those that it need not prepare."""

    field: Any
    name: str
    plain: type | None


def copy(rows: Sequence[models.Model]) -> None:
    """Insert new rows of one model, which do not learn the ids that the database gives them.

    Their fields fill themselves as in a save; no signal is sent.
    """
    columns = [_column(field) for field in _fields(rows)]
    filling = [field for field, *_ in columns if type(field).pre_save is not models.Field.pre_save]
    connection = connections[DEFAULT_DB_ALIAS]
    with (
        connection.wrap_database_errors,
        connection.cursor() as cursor,
        cursor.copy(_statement(columns)) as copying,
    ):
        for row in rows:
            for field in filling:
                field.pre_save(row, add=True)
            copying.write_row(_values(row, columns, connection))
    for row in rows:
        row._state.adding, row._state.db = False, connection.alias


def _fields(rows: Sequence[models.Model]) -> list[Any]:
    """Return the fields to write: all but the id, if the database gives it."""
    fields = [one for one in rows[0]._meta.concrete_fields if not one.generated]
    is_given = any(row.pk is not None for row in rows)
    return [one for one in fields if is_given or not one.primary_key]


def _column(field: Any) -> Column:
    plain = next((type_ for kind, type_ in PLAIN.items() if isinstance(field, kind)), None)
    return Column(field, field.attname, plain)


def _statement(columns: Sequence[Column]) -> sql.Composed:
    table = sql.Identifier(columns[0].field.model._meta.db_table)
    names = sql.SQL(", ").join(sql.Identifier(one.field.column) for one in columns)
    return sql.SQL("COPY {} ({}) FROM STDIN").format(table, names)


def _values(row: models.Model, columns: Sequence[Column], connection: Any) -> list[Any]:
    values = []
    for field, name, plain in columns:
        value = getattr(row, name)
        if value is not None and type(value) is not plain:
            if isinstance(value, DatabaseDefault):
                value = field.db_default
                setattr(row, name, value)
            value = field.get_db_prep_save(value, connection)
        values.append(value)
    return values
