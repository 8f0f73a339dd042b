"""Worker processes, and jobs for them."""

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg

from tests.support.site import ROOT, Site
from tests.support.waiting import START_SECONDS, wait_for

DEFER = """
SELECT unnest(procrastinate_defer_jobs_v1(ARRAY[ROW(
    'default', %s, 0, %s, %s, %s::jsonb, NULL
)::procrastinate_job_to_defer_v1]))
"""


class Database:
    """A database by its URL."""

    def __init__(self, database_url: str) -> None:
        self.database_url = database_url

    def rows(self, sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.database_url) as connection:
            return connection.execute(sql, parameters).fetchall()


class JobWorker:
    """One process that runs jobs."""

    def __init__(self, process: "subprocess.Popen[bytes]", log: Path) -> None:
        self.process, self.log = process, log

    def lines(self) -> list[dict[str, Any]]:
        """Return what it has logged."""
        written = self.log.read_text().splitlines()
        return [json.loads(line) for line in written if line.startswith("{")]


@contextlib.contextmanager
def job_worker(site: Site, *arguments: str, **variables: str) -> Iterator[JobWorker]:
    """Run `manage.py work`; it has begun to work when this yields."""
    log = Path(os.environ["HITL_VAR"]) / f"worker-{time.monotonic_ns()}.log"
    before = _workers(site)
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "work", *arguments],
            cwd=ROOT,
            env={**site.environment, **variables},
            stdin=subprocess.PIPE,  # whose end tells a supervised one that its server is gone
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        wait_for(lambda: _workers(site) - before, f"the worker to begin: {log}", START_SECONDS)
        yield JobWorker(process, log)
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        assert process.stdin
        process.stdin.close()


def _workers(site: Site) -> set[int]:
    return {key for (key,) in site.rows("SELECT id FROM procrastinate_workers")}


def defer(site: Site | Database, task: str, lock: str | None = None, **arguments: Any) -> int:
    """Put a job into the queue, as `defer_once` does if there is a lock."""
    with psycopg.connect(site.database_url) as connection:
        found = connection.execute(DEFER, [task, lock, lock, json.dumps(arguments)]).fetchone()
        assert found
        return int(found[0])


def state_of(site: Site | Database, job: int) -> str:
    """Return the status of a job; "" if it is gone, as it is when it has succeeded."""
    rows = site.rows("SELECT status::text FROM procrastinate_jobs WHERE id = %s", job)
    return rows[0][0] if rows else ""
