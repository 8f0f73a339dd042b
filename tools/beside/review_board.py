"""Review Board: an environment of its own, a site full of review requests, and its server.

Its page that is most like the queue is "All Incoming Review Requests" of the dashboard: what is
open and waits for a review by the signed-in user or one of their groups, the latest first.
"""

import hashlib
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
from platformdirs import user_cache_path
from psycopg.conninfo import conninfo_to_dict

from tests.support.site import PASSWORD, Site, launch
from tests.support.waiting import START_SECONDS, wait_for
from tools.beside.measuring import System

PINNED = Path(__file__).with_name("requirements.txt")
USER = "reviewer"
LISTENING = r"Listening at: (http://127\.0\.0\.1:\d+)"
CACHE = """
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
"""
"""In the process's own memory, which is faster than the memcached that it usually has."""
FIRST = f"""
from django.contrib.auth.models import User
from reviewboard.diffviewer.models import DiffSetHistory
from reviewboard.reviews.models import Group, ReviewRequest
team = Group.objects.create(name="team", display_name="Team")
team.users.add(User.objects.create_user("{USER}", "reviewer@example.com", "{PASSWORD}"))
request = ReviewRequest(
    submitter=User.objects.create_user("bot", "bot@example.com"), public=True, status="P",
    summary="Update requests because of CVE-2023-32681",
    description="Proxy credentials leak to the destination.", testing_done="The tests pass.",
    diffset_history=DiffSetHistory.objects.create(name="diffs"))
request.save()
request.target_groups.add(team)
"""
"""What its shell runs to add the review request that all others are copies of."""
COPIES = """
INSERT INTO diffviewer_diffsethistory SELECT copy.* FROM diffviewer_diffsethistory AS one,
    generate_series(1, {more}) AS n,
    jsonb_populate_record(one, jsonb_build_object('id', one.id + n)) AS copy;
INSERT INTO reviews_reviewrequest SELECT copy.* FROM reviews_reviewrequest AS one,
    generate_series(1, {more}) AS n,
    jsonb_populate_record(one, jsonb_build_object(
        'id', one.id + n, 'diffset_history_id', one.diffset_history_id + n,
        'summary', 'Update package-' || n %% 500 || ' because of CVE-2026-' || 10000 + n %% 500,
        'time_added', now() - n * interval '1 minute',
        'last_updated', now() - n * interval '1 minute')) AS copy;
INSERT INTO reviews_reviewrequest_target_groups (reviewrequest_id, group_id)
    SELECT request.id, team.group_id
    FROM reviews_reviewrequest AS request, reviews_reviewrequest_target_groups AS team
    WHERE request.id <> team.reviewrequest_id;
UPDATE reviews_group SET incoming_request_count = {more} + 1
"""
PAGES = {
    "the page": "/dashboard/?view=incoming",
    "the list alone": "/dashboard/?view=incoming&gridonly=1&datagrid-id=datagrid-0",
}


@contextmanager
def review_board(pending: int) -> Iterator[System]:
    """Serve a site of Review Board with so many open review requests."""
    programs = installed() / "bin"
    with tempfile.TemporaryDirectory(prefix="review-board-") as parent:
        folder = Path(parent) / "site"
        fill(make(folder, programs), folder, programs, pending)
        with served(folder, programs) as (origin, pid), signed_in(origin) as client:
            name = f"Review Board {pinned_version()}"
            yield System(name, pid, client, PAGES, 'class="review-request-link"')


def installed() -> Path:
    """Return the folder of an environment that has it, which is made the first time."""
    identity = hashlib.sha256(PINNED.read_bytes() + sys.version.encode()).hexdigest()[:12]
    folder = user_cache_path("hitl-console") / f"review-board-{identity}"
    if not (folder / "installed").exists():
        print(f"Installing Review Board into {folder} …", flush=True)
        uv = [sys.executable, "-m", "uv", "--quiet"]
        run(*uv, "venv", "--clear", "--python", sys.executable, folder)
        python = folder / "bin" / "python"
        run(*uv, "pip", "install", "--python", python, "--require-hashes", "-r", PINNED)
        (folder / "installed").touch()
    return folder


def pinned_version() -> str:
    return PINNED.read_text().partition("\nreviewboard==")[2].split()[0]


def make(folder: Path, programs: Path) -> Site:
    """Make a site in `folder`, as its manual says; return its database."""
    site = Site("review-board", source="template1")
    database = conninfo_to_dict(site.database_url)
    options = {
        "domain-name": "127.0.0.1",
        "db-type": "postgresql",
        "db-name": database["dbname"],
        "db-host": database["host"],
        "db-user": database["user"],
        "db-pass": database.get("password", ""),
        "cache-type": "file",
        "cache-info": folder.with_name("cache"),
        "admin-user": "admin",
        "admin-password": PASSWORD,
        "admin-email": "admin@example.com",
        "sitelist": folder.with_name("sites"),
    }
    given = [f"--{name}={value}" for name, value in options.items()]
    run(programs / "rb-site", "install", "--noinput", "--opt-out-support-data", *given, folder)
    with (folder / "conf" / "settings_local.py").open("a") as settings:
        settings.write(CACHE)
    return site


def fill(site: Site, folder: Path, programs: Path, pending: int) -> None:
    """Add a user, and review requests to one of the user's groups."""
    run(programs / "rb-site", "manage", folder, "shell", "--", "--command", FIRST)
    site.execute(COPIES.format(more=pending - 1))
    site.vacuum()


@contextmanager
def served(folder: Path, programs: Path) -> Iterator[tuple[str, int]]:
    """Run Gunicorn as `conf/webconfs/run-gunicorn.sh` does, with one process; yield its address."""
    command = [str(programs / "gunicorn"), "--bind", "127.0.0.1:0", "--workers", "1"]
    command += ["--threads", "30", "--timeout", "120", "--no-control-socket", "reviewboard.wsgi"]
    log = folder / "logs" / "gunicorn.log"
    process = launch(command, {**os.environ, "REVIEWBOARD_SITEDIR": str(folder)}, log)
    try:
        found = wait_for(
            lambda: re.search(LISTENING, log.read_text()), "Review Board", START_SECONDS
        )
        yield found[1], process.pid
    finally:
        process.terminate()
        process.wait()


@contextmanager
def signed_in(origin: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=origin, timeout=60) as client:
        client.get("/account/login/")
        form = {"username": USER, "password": PASSWORD}
        form["csrfmiddlewaretoken"] = client.cookies["csrftoken"]
        answer = client.post("/account/login/", data=form)
        assert answer.status_code == 302, answer.text
        yield client


def run(*command: str | Path) -> None:
    """Run a command; raise AssertionError with what it printed if it fails."""
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
