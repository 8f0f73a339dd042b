"""The database roles, set up by the very SQL in docs/production.md."""

import asyncio
import os
import re
from collections.abc import Iterator

import psycopg
import pytest
from psycopg.errors import InsufficientPrivilege

from tests.site import PASSWORD, ROOT, Server, Site

ONCE, AFTER_EACH_MIGRATE = re.findall(
    r"```sql\n(.*?)```", (ROOT / "docs" / "production.md").read_text(), re.DOTALL
)


class TwoRoles(Site):
    """An installation that the owner's role migrates and the service's role runs."""

    def __init__(self) -> None:
        admin = os.environ["DATABASE_URL"]
        with psycopg.connect(admin, autocommit=True) as connection:
            for statement in ONCE.split(";\n"):
                connection.execute(statement)
        database = admin.replace("/postgres?", "/hitl?")
        self.owners_url = database.replace("//postgres:", "//hitl_owner:")
        self.database_url = database.replace("//postgres:", "//hitl_app:")
        self.environment = {**os.environ, "HITL_DEMO_PASSWORD": PASSWORD}
        for _ in range(2):  # the first start, and an update
            self.environment["DATABASE_URL"] = self.owners_url
            self.manage("migrate", "--verbosity", "0")
            with psycopg.connect(self.owners_url, autocommit=True) as connection:
                connection.execute(AFTER_EACH_MIGRATE)
        self.environment["DATABASE_URL"] = self.database_url
        self.manage("create_demo_users")


@pytest.fixture(scope="module")
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
    waiting = await asyncio.to_thread(server.add_apv, package_name="needle")
    found = server.client().get("/hitl/reviews", params={"search": "needle"}).json()["reviews"]
    assert [one["apv_id"] for one in found] == [waiting["apv_id"]]
    assert server.client().get("/hitl/health/ready").json()["status"] == "ready"
    assert server.client("admin").get("/admin/reviews/auditentry/").status_code == 200
    for command in ("seed_apvs --count 2", "prune_events", "renew_epochs", "verify_audit"):
        two_roles.manage(*command.split())
    [(actions,)] = two_roles.rows("SELECT array_agg(DISTINCT action) FROM reviews_auditentry")
    assert {"signed_in", "decided", "apvs_added", "user_changed"} <= set(actions)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE reviews_decision SET justification = 'something else altogether'",
        "DELETE FROM reviews_decision",
        "TRUNCATE reviews_decision",
        "UPDATE reviews_auditentry SET actor = 'somebody else'",
        "DELETE FROM reviews_auditentry",
        "TRUNCATE reviews_auditentry",
        "UPDATE reviews_audithead SET sequence = sequence + 1",
        "INSERT INTO reviews_audithead (sequence, mac) VALUES (1, 'x')",
        "DELETE FROM reviews_audithead",
        "UPDATE realtime_event SET message = '{}'",
        "TRUNCATE realtime_event",
        "DELETE FROM realtime_counter",
        "DELETE FROM django_migrations",
        "ALTER TABLE reviews_auditentry DISABLE TRIGGER USER",
        "ALTER TABLE reviews_decision DISABLE TRIGGER ALL",
        "DROP TRIGGER audit_entry_is_final ON reviews_auditentry",
        "DROP TABLE reviews_auditentry",
        "CREATE OR REPLACE FUNCTION reviews_audit_move_head() RETURNS trigger LANGUAGE plpgsql"
        " AS 'BEGIN RETURN NEW; END'",
        "CREATE TABLE public.mine (id int)",
        "CREATE TEMP TABLE reviews_audithead (id int, sequence bigint, mac text)",
        "SET session_replication_role = replica",
    ],
)
def test_its_role_cannot_take_back_what_is_on_record(
    server: Server, two_roles: TwoRoles, statement: str
) -> None:
    server.decide(server.add_apv()["apv_id"])
    with pytest.raises(InsufficientPrivilege):
        two_roles.execute(statement)
