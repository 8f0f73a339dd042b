"""Two versions at once, as while servers are replaced one after another: the old code runs on the
new schema.
"""

import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.follower import Follower, read_anew
from tests.support.site import ROOT, Server, Site

MIGRATIONS = "*/migrations/0*.py"


def git(*arguments: str) -> str:
    """Return what git prints, or "" in an archive or a clone without history."""
    if not shutil.which("git"):
        return ""
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True)
    return done.stdout.strip() if done.returncode == 0 else ""


def last_release() -> str:
    """Return the commit of the last release; until there is one, that before the last migration."""
    tag = git("describe", "--tags", "--abbrev=0", "--match", "v*", "HEAD^")
    newest = git("log", "-1", "--diff-filter=A", "--format=%H", "--", MIGRATIONS)
    return tag or git("rev-parse", "--verify", "--quiet", f"{newest}^{{commit}}^")


@pytest.fixture(scope="module")
def old_code(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The code of the last release, in a folder."""
    commit = last_release()
    if not commit:
        pytest.skip("the history of git is not here")
    folder = tmp_path_factory.mktemp("last-release")
    git("archive", "--output", str(folder / "code.tar"), commit)
    with tarfile.open(folder / "code.tar") as archive:
        archive.extractall(folder, filter="data")
    return folder


@pytest.fixture(scope="module")
def old_server(old_code: Path, site: Site) -> Iterator[Server]:
    with site.uvicorn(program=str(old_code / "manage.py")) as server:
        yield server


def test_last_release_works_beside_this_one(site: Site, server: Server, old_server: Server) -> None:
    """Each shows at once what was added and decided through the other."""
    versions = [old_server, server]
    followers = [Follower(name, one) for name, one in zip(("old", "new"), versions, strict=True)]
    for one in followers:
        one.load()
        one.go_online()
    for at, other in ((old_server, server), (server, old_server)):
        for kind in ("approve", "reject", "modify", "escalate"):
            apv_id = at.add_apv()["apv_id"]
            answer = other.decide(apv_id, decision=kind, modifications={"version": "2"})
            assert answer.status_code == 200, answer.text
    fresh = read_anew(server)
    assert read_anew(old_server).state() == fresh.state()
    for one in followers:
        one.catch_up(fresh.positions)
        assert one.view.state() == fresh.state()
    site.manage("verify_audit")
