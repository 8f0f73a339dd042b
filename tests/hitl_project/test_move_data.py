"""`move_data`: from the embedded PostgreSQL to a server of one's own."""

import os
import re
import secrets
from collections.abc import Iterator
from typing import Any

import httpx
import psycopg
import pytest

from tests.support.follower import read_anew
from tests.support.installations import Installation, assert_one_line, installed
from tests.support.site import Server
from tests.support.waiting import START_SECONDS, wait_for


@pytest.fixture
def target() -> Iterator[str]:
    """Yield the URL of an empty database on another server than the installation's."""
    admin = os.environ["DATABASE_URL"]
    name = f"moved-{secrets.token_hex(4)}"
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    yield admin.replace("/postgres?", f"/{name}?")
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture(scope="module")
def used() -> Iterator[Installation]:
    """An installation of its own with decisions, whose console was stopped."""
    with installed() as made:
        server = made.serve()
        first, second = (server.add_apv()["apv_id"] for _ in range(2))
        assert server.decide(first).status_code == 200
        assert server.decide(second, decision="reject").status_code == 200
        stop(server)
        yield made


@pytest.fixture
def running(used: Installation) -> Iterator[Server]:
    """Its console, which the test may stop."""
    server = used.serve()
    yield server
    if server.process.poll() is None:
        stop(server)


def move(installation: Installation, target: str, **variables: str) -> Any:
    key = (installation.folder / "secret_key").read_text()
    redis = {"REDIS_URL": "redis://127.0.0.1:1"}  # nothing is kept there
    given = {"DATABASE_URL": target, "SECRET_KEY": key, **redis, **variables}
    return installation.run("move_data", **given)


def stop(server: Server) -> None:
    server.process.terminate()
    assert server.process.wait(START_SECONDS) == 0


def test_console_that_runs_is_not_moved(used: Installation, running: Server, target: str) -> None:
    assert_one_line(move(used, target), "another process uses the servers of")
    assert running.answers()


def test_everything_moves_and_clients_go_on(
    used: Installation, running: Server, target: str
) -> None:
    seen = read_anew(running)
    cookies = running.client().cookies
    stop(running)
    done = move(used, target)
    assert done.returncode == 0, done.stderr
    assert re.search(r"^\d\d+ rows in \d\d tables copied\.$", done.stdout, re.MULTILINE)
    assert re.search(r"^Head \d+:[0-9a-f]{64}$", done.stdout, re.MULTILINE)
    wait_for(lambda: not used.embedded(), "the embedded PostgreSQL to stop")
    key = (used.folder / "secret_key").read_text()
    moved = used.serve(DATABASE_URL=target, SECRET_KEY=key)
    assert httpx.get(f"{moved.origin}/hitl/reviews", cookies=cookies).status_code == 200
    now = read_anew(moved)
    assert now.state() == seen.state()
    assert now.positions == seen.positions
    added = moved.add_apv()
    assert moved.decide(added["apv_id"]).status_code == 200
    stop(moved)


@pytest.mark.parametrize(
    ("variables", "reason"),
    [
        ({"DATABASE_URL": ""}, "DATABASE_URL must name the database to copy into"),
        ({"DATABASE_URL": "postgresql://x@127.0.0.1:1/x"}, "DATABASE_URL: cannot reach PostgreSQL"),
        ({"HITL_VAR": "/nowhere"}, "there is no embedded PostgreSQL in /nowhere"),
    ],
)
def test_what_cannot_be_moved_is_refused(
    used: Installation, target: str, variables: dict[str, str], reason: str
) -> None:
    assert_one_line(move(used, target, **variables), reason)


def test_nothing_is_copied_over_other_data(used: Installation, target: str) -> None:
    with psycopg.connect(target) as database:
        database.execute("CREATE TABLE kept AS SELECT 25 AS number")
    done = move(used, target)
    assert_one_line(done, "the database is not empty: it has 1 tables, such as kept")


def test_wrong_keys_are_noticed(used: Installation, target: str) -> None:
    done = move(used, target, SECRET_KEY="x" * 60)
    assert done.returncode == 1
    assert "set SECRET_KEY to what" in done.stderr
    assert "Traceback" not in done.stderr


def test_copy_that_fails_leaves_the_database_empty(used: Installation, target: str) -> None:
    """As when its role may not create what the dump has."""
    with psycopg.connect(target, autocommit=True) as database:
        database.execute("CREATE VIEW audit_entry AS SELECT 1 AS sequence")
    done = move(used, target)
    assert done.returncode == 1
    assert "audit_entry" in done.stderr
    with psycopg.connect(target) as database:
        found = database.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")
        assert found.fetchone() == (0,)
