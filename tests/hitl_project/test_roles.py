"""The database roles, set up by the SQL in docs/production.md."""

import asyncio
import os
import re
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg.errors import InsufficientPrivilege

from tests.support.commands import Commands
from tests.support.job_workers import defer, job_worker, state_of
from tests.support.site import PASSWORD, ROOT, Server, Site
from tests.support.waiting import wait_for

ONCE, ONCE_IN_IT, AFTER_EACH_MIGRATE = re.findall(
    r"^```sql\n(.*?)^```", (ROOT / "docs" / "production.md").read_text(), re.DOTALL | re.MULTILINE
)


class TwoRoles(Site):
    """An installation that the owner's role migrates and the service's role runs."""

    def __init__(self) -> None:
        admin = os.environ["DATABASE_URL"]
        with psycopg.connect(admin, autocommit=True) as connection:
            for statement in ONCE.split(";\n"):
                connection.execute(statement)
        database = admin.replace("/postgres?", "/hitl?")
        with psycopg.connect(database, autocommit=True) as connection:
            connection.execute(ONCE_IN_IT)
        self.superusers_url = database
        self.owners_url = database.replace("//postgres:", "//hitl_owner:")
        self.database_url = database.replace("//postgres:", "//hitl_app:")
        self.environment = {**os.environ, "HITL_DEMO_PASSWORD": PASSWORD}
        for _ in range(2):  # the first start, and an update
            self.environment["DATABASE_URL"] = self.owners_url
            self.manage("migrate", "--verbosity", "0")
            self.close()
            with psycopg.connect(self.owners_url, autocommit=True) as connection:
                connection.execute(AFTER_EACH_MIGRATE)
        self.environment["DATABASE_URL"] = self.database_url
        self.manage("create_demo_users")

    def manage_as_owner(self, *arguments: str) -> str:
        """Run a management command under the owner's role."""
        commands = Commands({**self.environment, "DATABASE_URL": self.owners_url})
        code, printed = commands.run(arguments, "")
        commands.close()
        assert code == 0, printed
        return printed


@pytest.fixture(scope="session")  # roles are the whole server's: the module may be set up again
def two_roles() -> TwoRoles:
    return TwoRoles()


@pytest.fixture(scope="module")
def server(two_roles: TwoRoles) -> Iterator[Server]:
    with two_roles.uvicorn() as server:
        yield server


async def test_the_service_does_all_its_work_under_its_role(
    server: Server, two_roles: TwoRoles
) -> None:
    async with server.socket() as socket:
        await socket.subscribe("apvs", "decisions", "stats")
        added = await asyncio.to_thread(server.add_apv)
        await socket.until(type="new_apv", apv_id=added["apv_id"])
        answer = await asyncio.to_thread(server.decide, added["apv_id"], decision="escalate")
        assert answer.status_code == 200, answer.text
        await socket.until(type="decision_made", apv_id=added["apv_id"])
        await socket.until(type="stats_update", pending_reviews=0)
    answer = await asyncio.to_thread(server.decide, added["apv_id"], "lead")
    assert answer.status_code == 200, answer.text
    path = f"/hitl/decisions/{answer.json()['decision_id']}"
    outcome = {"outcome": "failed", "notes": "It conflicts."}
    assert server.post(f"{path}/outcome", outcome, "pipeline").status_code == 200
    assert server.post(f"{path}/retract", {"reason": "It conflicts."}, "lead").status_code == 200
    waiting = await asyncio.to_thread(server.add_apv, package_name="needle")
    found = server.client().get("/hitl/reviews", params={"search": "needle"}).json()["reviews"]
    assert [one["apv_id"] for one in found] == [waiting["apv_id"]]
    assert server.client().get("/hitl/health/ready").json()["status"] == "ready"
    assert server.client("admin").get("/admin/audit/entry/").status_code == 200
    for command in ("seed_apvs --count 2", "prune_events", "renew_epochs", "verify_audit"):
        two_roles.manage(*command.split())
    [(actions,)] = two_roles.rows("SELECT array_agg(DISTINCT action) FROM audit_entry")
    assert {"signed_in", "decided", "apvs_added", "user_changed"} <= set(actions)


def test_a_worker_runs_jobs_under_its_role(two_roles: TwoRoles) -> None:
    with job_worker(two_roles):
        jobs = [
            defer(two_roles, task) for task in ("forges.reconcile_all", "builtin:procrastinate")
        ]
        wait_for(lambda: not state_of(two_roles, jobs[0]), "it to succeed")
        wait_for(lambda: state_of(two_roles, jobs[1]) == "failed", "an unknown task to fail")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE reviews_decision SET justification = 'something else altogether'",
        "DELETE FROM reviews_decision",
        "TRUNCATE reviews_decision",
        "DELETE FROM reviews_effect",
        "TRUNCATE reviews_effect CASCADE",
        "UPDATE reviews_retraction SET reason = 'Another one.'",
        "DELETE FROM reviews_retraction",
        "TRUNCATE reviews_retraction",
        "ALTER TABLE reviews_effect DISABLE TRIGGER ALL",
        "ALTER TABLE reviews_retraction DISABLE TRIGGER USER",
        "UPDATE audit_entry SET actor = 'somebody else'",
        "DELETE FROM audit_entry",
        "TRUNCATE audit_entry",
        "UPDATE audit_head SET sequence = sequence + 1",
        "INSERT INTO audit_head (sequence, mac) VALUES (1, 'x')",
        "DELETE FROM audit_head",
        "INSERT INTO audit_archive (first, last) VALUES (1, 2)",
        "UPDATE audit_archive SET name = 'another'",
        "DELETE FROM audit_archive",
        "ALTER TABLE audit_archive DISABLE TRIGGER USER",
        "DROP TRIGGER audit_entry_is_archived ON audit_entry",
        "UPDATE realtime_event SET message = '{}'",
        "TRUNCATE realtime_event",
        "DELETE FROM realtime_counter",
        "DELETE FROM django_migrations",
        "ALTER TABLE audit_entry DISABLE TRIGGER USER",
        "ALTER TABLE reviews_decision DISABLE TRIGGER ALL",
        "DROP TRIGGER audit_entry_is_final ON audit_entry",
        "DROP TABLE audit_entry",
        "CREATE OR REPLACE FUNCTION audit_move_head() RETURNS trigger LANGUAGE plpgsql"
        " AS 'BEGIN RETURN NEW; END'",
        "CREATE TABLE public.mine (id int)",
        "CREATE TEMP TABLE audit_head (id int, sequence bigint, mac text)",
        "SET session_replication_role = replica",
    ],
)
def test_its_role_cannot_take_back_what_is_on_record(
    server: Server, two_roles: TwoRoles, statement: str
) -> None:
    server.decide(server.add_apv()["apv_id"])
    with pytest.raises(InsufficientPrivilege):
        two_roles.execute(statement)


# -- In a schema where it may create, as all may in PostgreSQL 14 ---------------------------------

LOOT = """
CREATE TABLE public.loot (name text, who text);
GRANT INSERT, SELECT ON public.loot TO PUBLIC;
"""
TRAP = """
CREATE FUNCTION public.trap_{number}({left}, {right}) RETURNS {returns} LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO public.loot VALUES ('{left} {operator} {right}', current_user);
    RETURN {cast}($1) OPERATOR(pg_catalog.{operator}) {cast}($2);
END
$$;
CREATE OPERATOR public.{operator}
    (FUNCTION = public.trap_{number}, LEFTARG = {left}, RIGHTARG = {right});
"""
COMPARED = ["varchar varchar", "varchar text", "text varchar", "bigint bigint"]
ADDED = ["bigint integer", "bigint bigint", "integer integer"]
OVERLOADS = """
CREATE FUNCTION public.trapped(text) RETURNS void LANGUAGE sql
    AS $$ INSERT INTO public.loot VALUES ($1, current_user) $$;
CREATE FUNCTION public.upper(varchar) RETURNS text LANGUAGE plpgsql
    AS $$ BEGIN PERFORM public.trapped('upper'); RETURN pg_catalog.upper($1::text); END $$;
CREATE FUNCTION public.chr(bigint) RETURNS text LANGUAGE plpgsql
    AS $$ BEGIN PERFORM public.trapped('chr'); RETURN pg_catalog.chr($1::int); END $$;
CREATE FUNCTION public.floor(numeric) RETURNS numeric LANGUAGE plpgsql
    AS $$ BEGIN PERFORM public.trapped('floor'); RETURN pg_catalog.floor($1); END $$;
CREATE TABLE public.added (status text, severity text);
CREATE TABLE public.removed (status text, severity text);
CREATE FUNCTION public.reviews_time_bucket(numeric) RETURNS integer LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION public.audit_lock_head(text) RETURNS text LANGUAGE sql AS 'SELECT $1';
"""


def traps() -> str:
    """Create operators that fit our tables' types better than PostgreSQL's, and record who runs
    them.

    They return the right result, so a caller notices nothing.
    """
    pairs = [("=", "bool", pair) for pair in COMPARED]
    pairs += [(sign, "bigint", pair) for sign in "+-" for pair in ADDED]
    return LOOT + "".join(
        TRAP.format(
            number=number,
            left=pair.split()[0],
            right=pair.split()[1],
            operator=operator,
            returns=returns,
            cast="text" if "char" in pair else "pg_catalog.int8",
        )
        for number, (operator, returns, pair) in enumerate(pairs)
    )


@pytest.fixture
def trapped(two_roles: TwoRoles) -> Iterator[TwoRoles]:
    """An installation in which the service's role has created such operators in our schema."""
    with psycopg.connect(two_roles.superusers_url, autocommit=True) as superuser:
        superuser.execute("GRANT CREATE ON SCHEMA public TO hitl_app")
        before = {name for (name,) in superuser.execute(NAMES)}
        two_roles.execute(traps() + OVERLOADS)
        yield two_roles
        superuser.execute("SELECT 1")
        superuser.execute(f"DROP OWNED BY hitl_app; {AFTER_EACH_MIGRATE}")
        superuser.execute("GRANT CONNECT ON DATABASE hitl TO hitl_app")
        assert {name for (name,) in superuser.execute(NAMES)} == before


NAMES = "SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace"


def test_its_role_gains_nothing_where_it_may_create(server: Server, trapped: TwoRoles) -> None:
    for kind in ("approve", "reject"):
        apv_id = server.add_apv()["apv_id"]
        assert server.decide(apv_id, decision=kind).status_code == 200
    server.forget("lead")
    server.client("lead").get("/hitl/reviews", params={"search": "requests"})
    with psycopg.connect(trapped.superusers_url, autocommit=True) as superuser:
        superuser.execute("VACUUM ANALYZE; ")  # it runs the expressions of indexes as their owner
        superuser.execute("REINDEX TABLE reviews_apv")
        superuser.execute("REINDEX TABLE reviews_decision")
    fallen = set(trapped.rows("SELECT who FROM public.loot"))
    assert fallen == {("hitl_app",)}  # it called its own: the operators work


def test_every_function_of_ours_finds_postgres_own_names_alone(two_roles: TwoRoles) -> None:
    """Either its search path is pinned, or its names were looked up when it was created."""
    loose = two_roles.rows(
        "SELECT proname FROM pg_proc WHERE proname ~ '^(audit|reviews|realtime)_'"
        " AND prosqlbody IS NULL AND proconfig IS DISTINCT FROM '{search_path=pg_catalog}'"
    )
    assert loose == []


def test_schema_is_closed_to_its_role(two_roles: TwoRoles) -> None:
    [(may,)] = two_roles.rows("SELECT has_schema_privilege('public', 'CREATE')")
    assert not may


# -- Moving old entries of the audit to a file ------------------------------------------------

ARCHIVE = """
from datetime import UTC, datetime
from unittest import mock
from tests.support.audit import archive
from pathlib import Path
with mock.patch("realtime.clock.now", return_value=datetime(2101, 1, 1, tzinfo=UTC)):
    print(archive(Path({folder!r}), "2100", "--detach"))
"""


def test_only_the_owners_role_detaches_entries_of_the_audit(
    server: Server, two_roles: TwoRoles, tmp_path: Path
) -> None:
    shell = ("shell", "--no-imports", "-c", ARCHIVE.format(folder=str(tmp_path)))
    said = two_roles.manage(*shell, check=False)
    assert "CommandError: the role hitl_app may not delete entries" in said
    assert list(tmp_path.iterdir()) == []
    assert "They were deleted from the table." in two_roles.manage_as_owner(*shell)
    [file] = tmp_path.iterdir()
    assert "Entries 1 to" in two_roles.manage("verify_audit", str(file))
    assert file.name in server.client("admin").get("/admin/audit/entry/").text
