"""Queries that every request runs in the same shape: they are compiled once in a process.

To build such a query from models and to compile it takes Django several times as long as to run it.
This uses parts of Django that are not public; `tests/hitl_project/test_library_members.py` names
them.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import cache, cached_property
from typing import Any, Generic, TypeVar

from django.db import DatabaseError, connection, models
from django.db.models.query import get_related_populators
from django.db.models.signals import post_save, pre_save
from django.db.transaction import TransactionManagementError
from psycopg import sql

Row = TypeVar("Row", bound=models.Model)


class CompiledQuery(Generic[Row]):
    """The rows of one query for any value.

    `build` returns the query for a value. `sample` is one that no query has otherwise: where the
    compiled query has it, each call has its own. The query may select related rows; it cannot
    prefetch or annotate.
    """

    def __init__(self, build: Callable[[Any], models.QuerySet[Row]], sample: Any) -> None:
        self._build, self._sample = build, sample

    def rows(self, value: Any) -> list[Row]:
        """Return the rows for `value`, of the type that the database takes."""
        compiled = self._compiled
        compiled.check_transaction()
        params = [value if one == self._sample else one for one in compiled.params]
        with connection.cursor() as cursor:
            cursor.execute(compiled.sql, params)
            return [compiled.model_of(row) for row in cursor.fetchall()]

    @cached_property
    def _compiled(self) -> "_Compiled[Row]":
        compiled = _Compiled(self._build(self._sample))
        assert self._sample in compiled.params
        return compiled


class _Compiled(Generic[Row]):
    """A query as SQL, and how its rows become models."""

    def __init__(self, rows: models.QuerySet[Row]) -> None:
        compiler: Any = rows.query.get_compiler(rows.db)
        self.sql, self.params = compiler.as_sql()
        selected = [column for column, *_ in compiler.select]
        own = compiler.klass_info["select_fields"]
        self._own = slice(own[0], own[-1] + 1)
        self._names = [column.target.attname for column in selected[self._own]]
        self._converters = compiler.get_converters(selected).items()
        self._related = get_related_populators(  # type: ignore[call-arg] # hints of a later Django
            compiler.klass_info, compiler.select, rows.db
        )
        self._model, self._using = rows.model, rows.db
        self._locks = rows.query.select_for_update

    def check_transaction(self) -> None:
        """Raise what Django raises for a lock that would end at once."""
        if self._locks and not connection.in_atomic_block:
            message = "select_for_update cannot be used outside of a transaction."
            raise TransactionManagementError(message)

    def model_of(self, values: tuple[Any, ...]) -> Row:
        """Return the model of a row, with the related rows that the query selects."""
        row = list(values)
        for place, (converters, column) in self._converters:
            for convert in converters:
                row[place] = convert(row[place], column, connection)
        found: Row = self._model.from_db(self._using, self._names, row[self._own])
        for related in self._related:
            related.populate(row, found)
        return found


def insert(rows: Sequence[models.Model]) -> None:
    """Insert a few new rows of one model, which do not learn the ids that the database gives them.

    No signal is sent. `copying.copy` is faster for many rows.
    """
    fields, begin = _insertion(type(rows[0]))
    one = f"({', '.join(['%s'] * len(fields))})"
    values = [
        field.get_db_prep_save(field.pre_save(row, add=True), connection)
        for row in rows
        for field in fields
    ]
    with connection.cursor() as cursor:
        cursor.execute(f"{begin} {', '.join([one] * len(rows))}", values)
    for row in rows:
        row._state.adding, row._state.db = False, connection.alias


@cache
def _insertion(model: type[models.Model]) -> tuple[list[Any], str]:
    """Return the fields of a model that a row gives, and how the statement begins."""
    fields = [one for one in model._meta.concrete_fields if not isinstance(one, models.AutoField)]
    assert not any(one.generated for one in fields)
    columns = ", ".join(f'"{field.column}"' for field in fields)
    return fields, f'INSERT INTO "{model._meta.db_table}" ({columns}) VALUES'


def update(row: models.Model, names: Iterable[str]) -> None:
    """Save the fields `names` of a row as `save` does, inside the caller's transaction."""
    fields, statement = _change(type(row), frozenset(names))
    told: dict[str, Any] = {"sender": type(row), "instance": row, "raw": False}
    told |= {"using": connection.alias, "update_fields": frozenset(one.name for one in fields)}
    pre_save.send(**told)
    values = [one.get_db_prep_save(one.pre_save(row, add=False), connection) for one in fields]
    with connection.cursor() as cursor:
        cursor.execute(statement, [*values, row.pk])
        if cursor.rowcount != 1:
            raise DatabaseError("Save with update_fields did not affect any rows.")
    post_save.send(**told, created=False)


@cache
def _change(model: type[models.Model], names: frozenset[str]) -> tuple[list[Any], str]:
    """Return the fields with these names, in the order of the model, and the statement."""
    fields = [one for one in model._meta.concrete_fields if names & {one.name, one.attname}]
    assert len(fields) == len(names), names
    columns = [str(one.column) for one in (*fields, model._meta.pk)]
    *changes, found = [sql.SQL("{} = %s").format(sql.Identifier(column)) for column in columns]
    table = sql.Identifier(model._meta.db_table)
    statement = sql.SQL("UPDATE {} SET {} WHERE {}")
    return fields, statement.format(table, sql.SQL(", ").join(changes), found).as_string()
