"""What migrations leave in the tests' database: a test that commits restores it."""

import os
from dataclasses import dataclass
from typing import Any

import psycopg
from django.db import connection
from psycopg.sql import SQL, Identifier
from psycopg.types.json import Jsonb

TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
GUARDS = """
SELECT relname, tgname FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid
WHERE NOT tgisinternal AND tgtype & 34 = 34 -- BEFORE TRUNCATE
"""
SWITCH = SQL("ALTER TABLE {} {} TRIGGER {}")
ROWS = SQL("SELECT coalesce(jsonb_agg(one), '[]') FROM {} AS one")
INSERT = SQL("INSERT INTO {0} SELECT * FROM jsonb_populate_recordset(NULL::{0}, %s)")


@dataclass
class Contents:
    """The rows of every table."""

    rows: dict[str, list[Any]]

    def restore(self) -> None:
        """Insert them after Django has emptied the tables, and enable their triggers again."""
        with _connect() as database:
            database.execute("SET session_replication_role = replica")  # no trigger fires
            tables = SQL(", ").join(map(Identifier, self.rows))
            database.execute(SQL("TRUNCATE {}").format(tables))
            for table, rows in self.rows.items():
                if rows:
                    database.execute(INSERT.format(Identifier(table)), [Jsonb(rows)])
            _switch_guards(database, "ENABLE")


def contents() -> Contents:
    with _connect() as database:
        tables = [name for (name,) in database.execute(TABLES)]
        return Contents({name: _rows(database, name) for name in tables})


def let_be_emptied() -> None:
    """Allow Django to empty every table after a test that commits, including the audit."""
    with _connect() as database:
        _switch_guards(database, "DISABLE")


def _connect() -> "psycopg.Connection[tuple[Any, ...]]":
    return psycopg.connect(os.environ["DATABASE_URL"], dbname=connection.settings_dict["NAME"])


def _rows(database: "psycopg.Connection[tuple[Any, ...]]", table: str) -> list[Any]:
    found = database.execute(ROWS.format(Identifier(table))).fetchone()
    assert found
    return list(found[0])


def _switch_guards(database: "psycopg.Connection[tuple[Any, ...]]", how: str) -> None:
    for table, trigger in database.execute(GUARDS).fetchall():
        database.execute(SWITCH.format(Identifier(table), SQL(how), Identifier(trigger)))
