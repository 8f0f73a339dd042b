"""Take PostgreSQL away from servers: end their connections, freeze it, stop it and start it."""

import contextlib
import signal
from collections.abc import Iterator
from pathlib import Path

import psutil

from tests.support.installations import Installation
from tests.support.site import Site

TERMINATE = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


def terminate_backends(site: Site) -> None:
    """End all connections to a database, whatever they do."""
    site.execute(TERMINATE)


@contextlib.contextmanager
def frozen(data: Path) -> Iterator[None]:
    """Stop all processes of the PostgreSQL with such a folder of data, as a paused machine does."""
    postmaster = psutil.Process(_pid(data))
    processes = [postmaster, *postmaster.children(recursive=True)]
    for one in processes:
        one.suspend()
    try:
        yield
    finally:
        for one in processes:
            one.resume()


def stop_postgres(installation: Installation) -> None:
    """Stop it at once, as a crash does, without waiting for clients."""
    pid = _pid(installation.folder / "postgres")
    postmaster = next(one for one in installation.embedded() if one.pid == pid)
    postmaster.send_signal(signal.SIGQUIT)
    postmaster.wait(20)


def start_postgres(installation: Installation) -> None:
    assert installation.run("shell", "-v", "0", "-c", "pass").returncode == 0


def url_of(installation: Installation) -> str:
    lines = (installation.folder / "postgres" / "postmaster.pid").read_text().splitlines()
    return f"postgresql://postgres@/postgres?host={lines[4]}"


def _pid(data: Path) -> int:
    """Return the id of the postmaster."""
    return int((data / "postmaster.pid").read_text().split()[0])
