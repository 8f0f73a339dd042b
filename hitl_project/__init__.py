"""The project around the apps: settings, URLs, the ASGI application, the embedded servers."""

import os
from pathlib import Path

import environ

_env_file = Path(os.environ.get("HITL_ENV_FILE") or Path(__file__).parent.parent / ".env")
if _env_file.exists():
    environ.Env.read_env(_env_file)  # variables that are set already win over the file
