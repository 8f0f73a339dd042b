"""Take PostgreSQL away from servers: end their connections, or stop and start an embedded one."""

import signal

from tests.support.installations import Installation
from tests.support.site import Site

TERMINATE = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


def terminate_backends(site: Site) -> None:
    """End all connections to a database, whatever they do."""
    site.execute(TERMINATE)


def stop_postgres(installation: Installation) -> None:
    """Stop it at once, as a crash does, without waiting for clients."""
    pid = int((installation.folder / "postgres" / "postmaster.pid").read_text().split()[0])
    postmaster = next(one for one in installation.embedded() if one.pid == pid)
    postmaster.send_signal(signal.SIGQUIT)
    postmaster.wait(20)


def start_postgres(installation: Installation) -> None:
    assert installation.run("shell", "-v", "0", "-c", "pass").returncode == 0


def url_of(installation: Installation) -> str:
    lines = (installation.folder / "postgres" / "postmaster.pid").read_text().splitlines()
    return f"postgresql://postgres@/postgres?host={lines[4]}"
