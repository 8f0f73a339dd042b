"""Start PostgreSQL and Valkey for the tests, before Django reads its settings.

This is a pytest plugin (see `addopts`), since pytest-django reads the settings before any conftest.
"""

import atexit
import logging
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

for _number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
    # Each ends the tests as Ctrl-C does, which `&` would ignore, so that fixtures stop their
    # servers.
    if _number == signal.SIGINT or signal.getsignal(_number) is not signal.SIG_IGN:
        signal.signal(_number, signal.default_int_handler)

_folder = tempfile.mkdtemp(prefix="hitl-test-")
os.chmod(_folder, 0o755)  # as root, PostgreSQL runs under another user
atexit.register(shutil.rmtree, _folder, ignore_errors=True)  # runs after the servers have stopped

for _name in [name for name in os.environ if name.startswith("HITL_")]:
    del os.environ[_name]
for _name in (
    "DATABASE_URL",
    "DATABASE_REPLICA_URL",
    "REDIS_URL",
    "SECRET_KEY",
    "ALLOWED_HOSTS",
    "DEBUG",
    "HOST",
    "PORT",
    "WORKERS",
):
    os.environ.pop(_name, None)
os.environ["HITL_VAR"] = _folder
os.environ["HITL_ENV_FILE"] = os.devnull
os.environ["TEST_RUN"] = _folder  # what is started from here on carries it

_reaper = subprocess.Popen(
    [sys.executable, str(Path(__file__).parent / "reaper.py"), _folder],
    stdin=subprocess.PIPE,  # which ends when this process does, in any way
    start_new_session=True,
)

import psycopg  # noqa: E402

from hitl_project.embedded import servers  # noqa: E402 — reads the variables set above

servers.start()
with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as _connection:
    for _setting in ("fsync", "full_page_writes", "synchronous_commit"):
        _connection.execute(f"ALTER SYSTEM SET {_setting} = off")  # no test interrupts the power
    _connection.execute("SELECT pg_reload_conf()")

logging.getLogger("httpx").setLevel(logging.WARNING)
