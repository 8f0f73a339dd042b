"""The environment file: `.env` next to `manage.py`, or the file that `HITL_ENV_FILE` names."""

import io
import logging
import os
import re
from pathlib import Path

import environ

logger = logging.getLogger(__name__)


def read() -> None:
    """Put the file's variables into the environment, unless they are set there.

    Invalid lines are reported by number and skipped, without their text, which may be secret.
    """
    path = Path(os.environ.get("HITL_ENV_FILE") or Path(__file__).parent.parent / ".env")
    if path.exists() or "HITL_ENV_FILE" in os.environ:
        environ.Env.read_env(io.StringIO("\n".join(_usable_lines(path))))


def _usable_lines(path: Path) -> list[str]:
    try:
        lines = path.read_text("utf-8-sig", errors="replace").splitlines()
    except OSError as error:
        logger.warning("%s cannot be read: %s", path, error.strerror)
        return []
    for index, line in enumerate(lines):
        if why := _complaint(line):
            logger.warning("%s, line %d is passed over: %s", path, index + 1, why)
            lines[index] = ""
    return lines


def _complaint(line: str) -> str:
    """Return why `line` cannot be used, or ""."""
    if not line.strip() or line.startswith("#"):
        return ""
    if "\ufffd" in line:
        return "not UTF-8"
    is_variable = re.fullmatch(r"(export )?[A-Za-z0-9_]+=[^\0]*", line)
    return "" if is_variable else "not NAME=value"
