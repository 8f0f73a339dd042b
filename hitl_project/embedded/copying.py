"""Copy a whole database with PostgreSQL's own programs."""

import contextlib
import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.sql import SQL, Identifier

PIECE = 1024 * 1024
TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename"
DUMP = ["pg_dump", "--format=custom", "--compress=0", "--no-owner", "--no-privileges"]
RESTORE = ["pg_restore", "--no-owner", "--no-privileges", "--single-transaction", "--exit-on-error"]

Database = psycopg.Connection[tuple[Any, ...]]


class CannotCopy(Exception):
    """Why a database was not copied; the other one is as it was."""


def copy(programs: Path, source: str, target: str, progress: Callable[[int], object]) -> None:
    """Copy the database at the URL `source` into the empty one at `target`, in one transaction.

    `programs` is the folder of pg_dump and pg_restore. `progress` is called with the number of
    bytes of each piece that was copied. Raise CannotCopy.
    """
    with (
        _program(programs, DUMP, source, stdout=subprocess.PIPE) as reading,
        _program(programs, RESTORE, target, stdin=subprocess.PIPE) as writing,
    ):
        assert reading.stdout
        assert writing.stdin
        with contextlib.suppress(BrokenPipeError):  # pg_restore has failed, and says why
            while piece := reading.stdout.read(PIECE):
                writing.stdin.write(piece)
                progress(len(piece))


def row_counts(url: str) -> dict[str, int]:
    """Return how many rows each table of the database at `url` has."""
    with psycopg.connect(url) as database:
        return {name: _count(database, name) for (name,) in database.execute(TABLES)}


def analyze(url: str) -> None:
    """Have PostgreSQL look at the tables, whose statistics no dump holds, to plan queries well."""
    with psycopg.connect(url, autocommit=True) as database:
        database.execute("ANALYZE")


def _count(database: Database, table: str) -> int:
    found = database.execute(SQL("SELECT count(*) FROM {}").format(Identifier(table))).fetchone()
    assert found
    return int(found[0])


@contextlib.contextmanager
def _program(
    folder: Path,
    command: list[str],
    url: str,
    *,
    stdin: int | None = None,
    stdout: int | None = None,
) -> "Iterator[subprocess.Popen[bytes]]":
    """Run one of PostgreSQL's programs on the database at `url`, to its end. Raise CannotCopy."""
    where: dict[str, Any] = conninfo_to_dict(url)
    password = {"PGPASSWORD": str(where.pop("password"))} if "password" in where else {}
    with tempfile.TemporaryFile() as problems:
        program = subprocess.Popen(  # noqa: S603 — arguments of ours, and no shell # nosec B603
            [str(folder / command[0]), *command[1:], "--dbname", make_conninfo(**where)],
            env={**os.environ, **password},  # others can read a command line
            stdin=stdin,
            stdout=stdout,
            stderr=problems,
        )
        try:
            yield program
        except BaseException:
            program.kill()
            raise
        finally:
            for pipe in (program.stdin, program.stdout):
                if pipe:
                    with contextlib.suppress(BrokenPipeError):
                        pipe.close()
            program.wait()
        if program.returncode:
            raise CannotCopy(_first_line(problems) or f"{command[0]} ended with an error")


def _first_line(problems: IO[bytes]) -> str:
    problems.seek(0)
    lines = problems.read().decode(errors="replace").strip().splitlines()
    return lines[0] if lines else ""
