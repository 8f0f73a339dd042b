"""Starts PostgreSQL and Redis for the tests, before Django reads its settings.

A pytest plugin (see `addopts`), since pytest-django reads the settings before any conftest.
"""

import atexit
import logging
import os
import shutil
import signal
import tempfile

signal.signal(signal.SIGINT, signal.default_int_handler)  # which `&` makes all ignore

_folder = tempfile.mkdtemp(prefix="hitl-test-")
atexit.register(shutil.rmtree, _folder, ignore_errors=True)  # runs after the servers have stopped

for _name in [name for name in os.environ if name.startswith("HITL_")]:
    del os.environ[_name]
for _name in (
    "DATABASE_URL",
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

from hitl_project import embedded  # noqa: E402 — reads the variables set above

embedded.start()

logging.getLogger("httpx").setLevel(logging.WARNING)
