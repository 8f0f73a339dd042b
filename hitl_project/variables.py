"""Read environment variables. An unusable value raises ImproperlyConfigured with its name."""

from typing import Any
from urllib.parse import urlsplit

import environ
import psycopg
from django.core.exceptions import ImproperlyConfigured
from psycopg.conninfo import conninfo_to_dict

LARGEST = 2**31 - 1


class Variables(environ.Env):
    """The environment, and the names of the variables that were read."""

    def __init__(self) -> None:
        super().__init__()
        self.names = {"HITL_VAR", "HITL_ENV_FILE"}  # read before the settings are

    def get_value(self, var: str, *args: Any, **options: Any) -> Any:
        self.names.add(var)
        return super().get_value(var, *args, **options)


env = Variables()


def number(name: str, default: int, *, least: int = 0, most: int = LARGEST) -> int:
    """Return the whole number in variable `name`, which must be from `least` to `most`."""
    text = env.str(name, default=str(default))
    if not text.isascii() or not text.isdigit() or not least <= int(text) <= most:
        allowed = f"from {least} up" if most == LARGEST else f"from {least} to {most}"
        raise ImproperlyConfigured(f"{name} must be a whole number {allowed}, not {text!r}")
    return int(text)


def switch(name: str, *, default: bool = False) -> bool:
    """Return whether variable `name` is on; its value must be on or off."""
    text = env.str(name, default="on" if default else "off").strip().lower()
    if text in {"1", "on", "true", "yes"}:
        return True
    if text in {"", "0", "off", "false", "no"}:
        return False
    raise ImproperlyConfigured(f"{name} must be on or off, not {text!r}")


def database_url(name: str) -> str:
    """Return the URL of PostgreSQL in variable `name`, or ""; libpq must understand it.

    It may name several hosts, and any parameter of a connection. See "Connection URIs" in
    PostgreSQL's documentation.
    """
    text: str = env.str(name, default="")
    if not text:
        return ""
    if not text.startswith(("postgresql://", "postgres://")):
        raise ImproperlyConfigured(f"{name} must be a URL that starts with postgresql://")
    try:
        conninfo_to_dict(text)
    except psycopg.ProgrammingError:  # its message may quote the password
        raise ImproperlyConfigured(
            f"{name} is not a URL with parameters that PostgreSQL's clients know; in a password, "
            "write / @ : [ ] ? # % as %2F %40 and so on"
        ) from None
    return text


def database_settings(text: str) -> dict[str, Any]:
    """Return Django's settings for the database of a URL; "" names none."""
    options = conninfo_to_dict(text)
    names = {"NAME": "dbname", "USER": "user", "PASSWORD": "password", "HOST": "host"}
    found: dict[str, Any] = {ours: options.pop(libpq, "") for ours, libpq in names.items()}
    return {**found, "PORT": options.pop("port", ""), "OPTIONS": options}


def url(name: str, *schemes: str) -> str:
    """Return the URL in variable `name`, or ""; it must have one of `schemes`."""
    text: str = env.str(name, default="")
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:  # its message may quote the password
        raise ImproperlyConfigured(
            f"{name} is not a URL; in a password, write / @ : [ ] ? # % as %2F %40 and so on"
        ) from None
    if text and parts.scheme not in schemes:
        raise ImproperlyConfigured(f"{name} must be a URL that starts with {schemes[0]}://")
    return text
