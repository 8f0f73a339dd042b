"""A backup, made and restored by the commands in docs/production.md."""

import asyncio
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from hitl_project.embedded import postgres
from tests.support.follower import LOGS, Positions, read_anew
from tests.support.forges import FakeForge, FakeGitHub, Pull
from tests.support.forges.watched import PATH, connected, name_of
from tests.support.job_workers import job_worker
from tests.support.site import ROOT, Server, Site
from tests.support.waiting import wait_for

SECTION = re.compile(r"## Backup and restore\n(.*?)\n## ", re.DOTALL)
BACK_UP, RESTORE = re.findall(
    r"```sh\n(.*?)```",
    SECTION.findall((ROOT / "docs" / "production.md").read_text())[0],
    re.DOTALL,
)
STATES = """
SELECT effect.state FROM reviews_effect AS effect
JOIN reviews_decision AS decision USING (decision_id) WHERE decision.apv_id = %s
"""


@pytest.fixture
def site() -> Iterator[Site]:
    """An installation of its own, whose effects are not held and which compares no repositories."""
    made = Site("backed-up", HITL_UNDO_SECONDS="0", HITL_FORGE_SYNC_MINUTES="0")
    yield made
    made.close()


@pytest.fixture
def shell(site: Site, tmp_path: Path) -> "Shell":
    return Shell(site, tmp_path)


class Shell:
    """Runs lines of the documentation where `python manage.py` and PostgreSQL's programs are."""

    def __init__(self, site: Site, folder: Path) -> None:
        self._folder = folder
        programs = postgres.programs_of(Path(os.environ["HITL_VAR"]) / "postgres")
        path = f"{programs}:{Path(sys.executable).parent}:{os.environ['PATH']}"
        self._environment = {**site.environment, "PATH": path, "PYTHONPATH": str(ROOT)}
        (folder / "manage.py").symlink_to(ROOT / "manage.py")

    def run(self, lines: str) -> str:
        done = subprocess.run(
            ["sh", "-euc", lines],
            cwd=self._folder,
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


def lose(site: Site) -> None:
    """Drop the database, and make an empty one in its place."""
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as connection:
        connection.execute('DROP DATABASE "backed-up" WITH (FORCE)')
        connection.execute('CREATE DATABASE "backed-up"')


def taken_in(site: Site, fake: FakeForge) -> tuple[Pull, str]:
    """Open a pull request; return it, and the id of its APV."""
    fake.webhooks.hold()
    pull = fake.bump(fake.repo_at(PATH))
    site.manage("sync_forges", name_of(fake))
    [(apv_id,)] = site.rows(
        "SELECT apv_id::text FROM reviews_apv WHERE pull_request_id IS NOT NULL"
    )
    return pull, str(apv_id)


def test_restored_backup_goes_on_from_its_moment(site: Site, shell: Shell) -> None:
    """Nothing it has is lost, nothing is done again, and no client keeps what it has not."""
    with site.uvicorn() as server, connected(FakeGitHub, site, server) as fake:
        port = int(server.origin.rpartition(":")[2])
        ours = server.add_apv()["apv_id"]
        pull, theirs = taken_in(site, fake)
        for apv_id in (ours, theirs):
            assert server.decide(apv_id).status_code == 200
        backed_up = read_anew(server)
        shell.run(BACK_UP)
        lost = server.add_apv()["apv_id"]
        with job_worker(site):
            wait_for(lambda: site.rows(STATES, theirs) == [("done",)], "the merge", 60)
        seen = read_anew(server)
        assert seen.state().keys() - backed_up.state().keys() == {lost}

        server.process.kill()
        server.process.wait()
        site.close()
        lose(site)
        assert "none edited, removed or reordered" in shell.run(RESTORE)
        with site.uvicorn(port=port) as restored:
            now = read_anew(restored)
            assert now.state() == backed_up.state()
            assert resumed(restored, seen.positions) == dict.fromkeys(LOGS, "epoch")
            with job_worker(site):
                wait_for(lambda: site.rows(STATES, theirs) == [("done",)], "it to be found", 60)
            assert len(fake.ledger.of(pull.number, "merge")) == 1
            added = restored.add_apv()["apv_id"]
            assert restored.decide(added).status_code == 200
        site.manage("verify_audit")


def resumed(server: Server, positions: Positions) -> dict[str, str]:
    """Return for each log why a client cannot resume from `positions`."""
    since = {name: {"epoch": epoch, "offset": last} for name, (epoch, last) in positions.items()}

    async def ask() -> dict[str, str]:
        async with server.socket() as socket:
            answer = await socket.subscribe(*positions, since=since)
            return dict(answer["reason"])

    return asyncio.run(ask())
