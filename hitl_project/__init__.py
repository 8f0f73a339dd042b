"""The project around the apps: settings, URLs, middleware, the ASGI application, the servers."""

import io
import logging
import os
import re
from pathlib import Path

import environ


def _read_env_file(path: Path) -> None:
    """Put the variables in `path` into the environment, where those that are set already win.

    Lines that are none are named and passed over; what they hold may be secret.
    """
    try:
        lines = path.read_text("utf-8-sig", errors="replace").splitlines()
    except OSError as error:
        logging.getLogger(__name__).warning("%s cannot be read: %s", path, error.strerror)
        return
    for index, line in enumerate(lines):
        if why := _complaint(line):
            logging.getLogger(__name__).warning(
                "%s, line %d is passed over: %s", path, index + 1, why
            )
            lines[index] = ""
    environ.Env.read_env(io.StringIO("\n".join(lines)))


def _complaint(line: str) -> str:
    """Why `line` of an environment file cannot be used, or ""."""
    if not line.strip() or line.startswith("#"):
        return ""
    if "\ufffd" in line:
        return "not UTF-8"
    is_variable = re.fullmatch(r"(export )?[A-Za-z0-9_]+=[^\0]*", line)
    return "" if is_variable else "not NAME=value"


_env_file = Path(os.environ.get("HITL_ENV_FILE") or Path(__file__).parent.parent / ".env")
if _env_file.exists() or "HITL_ENV_FILE" in os.environ:
    _read_env_file(_env_file)
