"""`manage.py work` runs jobs, whatever happens to it, to them and to the database."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from jobs.interrupted import POLL_SECONDS, SILENT_SECONDS
from jobs.retries import MOST_ATTEMPTS
from tests.support.installations import Installation, installed
from tests.support.job_workers import Database, defer, job_worker, state_of
from tests.support.metrics import numbers
from tests.support.outages import start_postgres, stop_postgres, terminate_backends, url_of
from tests.support.processes import job_workers
from tests.support.site import Server, Site
from tests.support.waiting import START_SECONDS, wait_for

FOUND_SECONDS = 30
"""How soon an interrupted job must run again, as is promised."""


@pytest.fixture(scope="session")  # its database can be made only once
def site() -> Site:
    return Site("jobs")


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "job")


def written(path: str) -> list[str]:
    return Path(path).read_text().splitlines() if Path(path).exists() else []


def go(path: str) -> None:
    Path(f"{path}.go").touch()


def test_promise_of_thirty_seconds_fits_the_intervals() -> None:
    assert SILENT_SECONDS + 2 * POLL_SECONDS <= FOUND_SECONDS


def test_job_runs_once_and_its_arguments_are_in_no_log(site: Site, path: str) -> None:
    with job_worker(site) as worker:
        job = defer(site, "tests.write", path=path, text="hunter2")
        wait_for(lambda: state_of(site, job) == "", "the job to succeed")
    assert written(path) == ["hunter2"]
    assert "hunter2" not in worker.log.read_text()
    assert [line["event"] for line in worker.lines() if line.get("job_id") == job] == [
        "job_finished"
    ]


def test_jobs_with_the_same_lock_run_one_after_the_other(site: Site, path: str) -> None:
    with job_worker(site):
        first = defer(site, "tests.wait", "one", path=path)
        wait_for(lambda: state_of(site, first) == "doing", "the first to run")
        second = defer(site, "tests.write", "one", path=path, text="second")
        other = defer(site, "tests.write", path=f"{path}.other", text="other")
        wait_for(lambda: state_of(site, other) == "", "another job to overtake it")
        go(path)
        wait_for(lambda: state_of(site, second) == "", "the second to run")
    assert written(path) == ["began", "ended", "second"]


def test_job_of_a_killed_worker_runs_again_on_another_one(site: Site, path: str) -> None:
    with job_worker(site) as killed:
        job = defer(site, "tests.wait", "killed", path=path)
        wait_for(lambda: written(path), "it to begin")
        with job_worker(site):
            killed.process.kill()
            wait_for(lambda: len(written(path)) == 2, "it to begin again", FOUND_SECONDS)
            go(path)
            wait_for(lambda: state_of(site, job) == "", "it to end")
    assert written(path) == ["began", "began", "ended"]


def test_job_ends_before_a_worker_that_is_told_to_stop(site: Site, path: str) -> None:
    with job_worker(site) as worker:
        job = defer(site, "tests.wait", path=path)
        wait_for(lambda: written(path), "it to begin")
        worker.process.send_signal(signal.SIGTERM)
        waiting = defer(site, "tests.write", path=f"{path}.later", text="later")
        go(path)
        assert worker.process.wait(15) == 0
    assert state_of(site, job) == ""
    assert state_of(site, waiting) == "todo"  # it takes no more
    with job_worker(site):
        wait_for(lambda: written(f"{path}.later"), "the next worker to run it")


def test_stuck_job_does_not_hold_up_the_end_and_runs_again(site: Site, path: str) -> None:
    with job_worker(site) as worker:
        job = defer(site, "tests.wait", path=path)
        wait_for(lambda: written(path), "it to begin")
        worker.process.send_signal(signal.SIGTERM)
        assert worker.process.wait(15) == 0
    assert state_of(site, job) == "doing"
    go(path)
    with job_worker(site):
        wait_for(lambda: state_of(site, job) == "", "it to run again", FOUND_SECONDS)
    assert written(path) == ["began", "began", "ended"]


def test_second_signal_ends_a_worker_at_once(site: Site, path: str) -> None:
    with job_worker(site) as worker:
        defer(site, "tests.wait", path=path)
        wait_for(lambda: written(path), "it to begin")
        worker.process.send_signal(signal.SIGTERM)
        worker.process.send_signal(signal.SIGINT)
        assert worker.process.wait(5) in {128 + signal.SIGINT, 128 + signal.SIGTERM}
    go(path)


def test_failed_job_waits_and_runs_again_though_another_one_waits_meanwhile(
    site: Site, path: str
) -> None:
    """procrastinate's unique index would refuse that the first one waits again."""
    with job_worker(site) as worker:
        first = defer(site, "tests.fail", "both", path=path)
        wait_for(lambda: written(path), "it to fail")
        second = defer(site, "tests.write", "both", path=path, text="second")
        go(path)
        wait_for(lambda: state_of(site, first) == state_of(site, second) == "", "both to end")
    assert written(path) == ["began", "began", "second"]
    failed = [line for line in worker.lines() if line["event"] == "job_failed"]
    assert [(one["error"], one["again"]) for one in failed] == [
        ("LookupError: it is not there", True)
    ]
    assert "Traceback" not in worker.log.read_text()


@pytest.mark.parametrize("task", ["tests.fail", "tests.kill"])
def test_poisoned_job_ends_as_failed(site: Site, path: str, task: str) -> None:
    job = defer(site, task, path=path)
    attempts = MOST_ATTEMPTS - 1  # it has failed so often already
    site.execute("UPDATE procrastinate_jobs SET attempts = %s WHERE id = %s", attempts, job)
    with job_worker(site) if task == "tests.fail" else restarted(site):
        wait_for(lambda: state_of(site, job) == "failed", "it to fail", START_SECONDS)
    assert written(path) == ["began"]
    with site.uvicorn() as server:
        assert numbers(server)["hitl_jobs{failed}"] >= 1
        page = server.client("admin").get("/admin/procrastinate/procrastinatejob/").text
        assert task.partition(".")[2] in page


@contextmanager
def restarted(site: Site) -> Iterator[None]:
    """Run two workers in turn: the first one dies of the job."""
    with job_worker(site) as first:
        first.process.wait(15)
        with job_worker(site):
            yield


# -- Beside the server ------------------------------------------------------------------------


def readiness(server: Server) -> dict[str, str]:
    checks: dict[str, str] = httpx.get(f"{server.origin}/hitl/health/ready").json()["checks"]
    return checks


@pytest.mark.parametrize("processes", ["1", "2"])
def test_server_runs_a_worker_replaces_it_and_ends_it(
    site: Site, path: str, processes: str
) -> None:
    with site.uvicorn(HITL_JOB_WORKERS="1", WORKERS=processes) as server:
        wait_for(lambda: readiness(server)["jobs"] == "ok", "a worker", START_SECONDS)
        [first] = job_workers(server)
        first.kill()
        wait_for(lambda: job_workers(server) not in ([], [first]), "another one", START_SECONDS)
        job = defer(site, "tests.write", path=path, text="done")
        wait_for(lambda: state_of(site, job) == "", "it to work", START_SECONDS)
        [second] = job_workers(server)
        server.process.terminate()
        assert server.process.wait(20) in {0, -signal.SIGTERM}
        wait_for(lambda: not second.is_running(), "the worker to end")
    assert "Traceback" not in server.printed()


def test_supervised_worker_ends_in_order(site: Site) -> None:
    """Without what Python prints if a thread still holds standard input's buffer."""
    with job_worker(site, "--supervised") as worker:
        worker.process.terminate()
        assert worker.process.wait(20) == 0
    assert "Fatal Python error" not in worker.log.read_text()


def test_worker_ends_when_its_server_is_killed(site: Site) -> None:
    with site.uvicorn(HITL_JOB_WORKERS="1") as server:
        wait_for(lambda: readiness(server)["jobs"] == "ok", "a worker", START_SECONDS)
        [worker] = job_workers(server)
        server.process.kill()
        wait_for(lambda: not worker.is_running(), "the worker to end")


def test_server_without_jobs_says_so(site: Site) -> None:
    site.execute("DELETE FROM procrastinate_workers")
    with site.uvicorn() as server:
        assert readiness(server)["jobs"] == "no worker"
        assert numbers(server)["hitl_job_workers"] == 0
        assert job_workers(server) == []


# -- The database -----------------------------------------------------------------------------


@pytest.fixture
def installation() -> Iterator[Installation]:
    with installed() as made:
        yield made


BEATS = "SELECT id, last_heartbeat FROM procrastinate_workers"


def test_worker_that_lost_all_its_connections_works_on() -> None:
    """A worker that does not keeps starting again, and has another id each time."""
    site = Site("lost-connections")
    with job_worker(site) as worker:

        def starts_again() -> bool:
            terminate_backends(site)
            return "job_worker_starts_again" in worker.log.read_text()

        wait_for(starts_again, "the worker to start again", START_SECONDS)
        wait_for_a_heartbeat(site)


def wait_for_a_heartbeat(site: Site) -> None:
    """Wait until a worker lives for longer than it takes to say so once."""
    first: dict[int, Any] = {}

    def lives_on() -> bool:
        return any(first.setdefault(key, at) != at for key, at in site.rows(BEATS))

    wait_for(lives_on, "a worker to live on", START_SECONDS)


def test_worker_outlives_postgres(installation: Installation) -> None:
    server = installation.serve()
    wait_for(lambda: readiness(server)["jobs"] == "ok", "a worker", START_SECONDS)
    [worker] = job_workers(server)
    database = Database(url_of(installation))
    for times in (1, 2):
        stop_postgres(installation)
        wait_for(lambda: noticed(server) >= times, "it to notice")  # noqa: B023
        start_postgres(installation)
        job = defer(database, "forges.reconcile_all")
        wait_for(lambda: not state_of(database, job), "it to work again", START_SECONDS)  # noqa: B023
    assert [one.pid for one in job_workers(server)] == [worker.pid]
    assert "Traceback" not in server.printed(), server.printed()


def noticed(server: Server) -> int:
    return server.printed().count("job_worker_starts_again")
