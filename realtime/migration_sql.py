"""SQL for migrations that finds only the names it qualifies."""

from typing import Any

from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState


class BoundSQL(Operation):
    """Run SQL in which `{schema}` stands for the migrated schema; unqualified names are not found
    there.

    If other roles may create in that schema, an operator of theirs that fits better than
    PostgreSQL's own would run with the rights of our function's caller. See "Writing SECURITY
    DEFINER Functions Safely" in PostgreSQL's documentation. So only `pg_catalog` is searched here,
    and functions in PL/pgSQL must set the search path themselves.
    """

    def __init__(self, forwards: str, backwards: str) -> None:
        self.forwards, self.backwards = forwards, backwards

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        """Change nothing: Django's state has no functions and triggers."""

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        _run(schema_editor, self.forwards)

    def database_backwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        _run(schema_editor, self.backwards)

    def describe(self) -> str:
        return "SQL with bound names"


def _run(schema_editor: Any, sql: str) -> None:
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("SELECT current_schema, current_setting('search_path')")
        schema, path = cursor.fetchone()
        cursor.execute("SET LOCAL search_path = pg_catalog")
        cursor.execute(sql.replace("{schema}", schema_editor.quote_name(schema)))
        cursor.execute("SELECT set_config('search_path', %s, true)", [path])
