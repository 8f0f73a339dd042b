"""PgBouncer in transaction mode, between a site and its database."""

import contextlib
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from tests.support.debian_program import PGBOUNCER, NoProgram
from tests.support.ports import free_port
from tests.support.site import Site
from tests.support.waiting import wait_for

SETTINGS = """
[databases]
* = host={folder} user=postgres
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 5
"""


@contextlib.contextmanager
def pgbouncer(site: Site) -> Iterator[str]:
    """Run PgBouncer with its usual settings; yield the site's URL through it."""
    database = conninfo_to_dict(site.database_url)
    port = free_port()
    with tempfile.NamedTemporaryFile("w", suffix=".ini") as settings:
        settings.write(SETTINGS.format(folder=database["host"], port=port))
        settings.flush()
        Path(settings.name).chmod(0o644)
        owner = Path(str(database["host"])).owner()
        process = subprocess.Popen([program(), "-q", "-u", owner, settings.name])
        try:
            url = f"postgresql://postgres@127.0.0.1:{port}/{database['dbname']}"
            wait_for(lambda: _answers(url), "PgBouncer to answer")
            yield url
        finally:
            process.kill()
            process.wait()


def program() -> str:
    try:
        return str(PGBOUNCER.obtain())
    except NoProgram as error:
        pytest.skip(str(error))


def _answers(url: str) -> bool:
    with contextlib.suppress(psycopg.OperationalError), psycopg.connect(url):
        return True
    return False
