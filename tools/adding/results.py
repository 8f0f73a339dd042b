"""What adding APVs leaves behind in a database, without ids and times, which differ every time."""

from typing import Any, NamedTuple

from tests.support.site import Site
from tools.against import Spent

OWN = frozenset(["apv_id", "created_at", "updated_at", "submitted_by_id", "imported_at", "id"])
TABLES = {"reviews_apv": "apv_code", "reviews_advisory": "osv_id"}
"""Whose rows are compared, in every column that both commits have, and their order."""
OTHERS = {
    "links": """
        SELECT apv_code, osv_id, origin, applies FROM reviews_apvadvisory
        JOIN reviews_apv USING (apv_id) JOIN reviews_advisory AS one ON one.id = advisory_id
        ORDER BY 1, 2
    """,
    "events": """
        SELECT channel, "offset", type, message::jsonb - '{apv_id,timestamp}'::text[]
        FROM realtime_event ORDER BY 1, 2
    """,
    "counters": "SELECT key, sum(count) FROM reviews_tally GROUP BY key ORDER BY key",
    "audit": """
        SELECT action, actor, source, jsonb_array_elements_text(details::jsonb -> 'codes')
        FROM audit_entry WHERE action = 'apvs_added' ORDER BY 4
    """,
}


class Done(NamedTuple):
    """What a task took, what it printed or answered, and the site that it left."""

    spent: Spent
    told: Any
    site: Site


def differing(before: Done, now: Done) -> list[str]:
    """Return the names of what is not the same."""
    shared = _columns(before.site) & _columns(now.site)
    queries = {table: _rows_of(table, shared) for table in TABLES} | OTHERS
    told = [] if _agree(before.told, now.told) else ["answers"]
    return told + [
        name for name, sql in queries.items() if before.site.rows(sql) != now.site.rows(sql)
    ]


def _agree(before: Any, now: Any) -> bool:
    """Return whether two answers are equal, except for members that came later."""
    if isinstance(before, dict):
        return all(name in now and _agree(value, now[name]) for name, value in before.items())
    if isinstance(before, list):
        return len(before) == len(now) and all(map(_agree, before, now))
    return bool(before == now)


def _columns(site: Site) -> set[tuple[str, str]]:
    """Return the tables and columns that are compared, as far as a site has them."""
    sql = (
        "SELECT table_name, column_name FROM information_schema.columns"
        " WHERE table_name = ANY(%s) AND NOT column_name = ANY(%s)"
    )
    return {(table, column) for table, column in site.rows(sql, [*TABLES], [*OWN])}


def _rows_of(table: str, shared: set[tuple[str, str]]) -> str:
    names = sorted(column for of, column in shared if of == table)
    listed = ", ".join(f'"{name}"' for name in names)
    return f"SELECT {listed} FROM {table} ORDER BY {TABLES[table]}"
