"""Where statements go: to the primary, except in a function that is marked with `may_lag`."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import Model

ALIAS = "replica"


@dataclass(frozen=True)
class Reading:
    """The server that is read, and the moment that its data show if it may lag."""

    alias: str = DEFAULT_DB_ALIAS
    as_of: datetime | None = None


_reading: ContextVar[Reading] = ContextVar("reading", default=Reading())  # noqa: B039 — it is frozen


def is_configured() -> bool:
    return ALIAS in connections


def alias() -> str:
    """Return the alias of the database that statements read now, for those without a model."""
    return _reading.get().alias


def as_of() -> datetime | None:
    """Return up to when the data that are read now are complete; None if they are the primary's."""
    return _reading.get().as_of


@contextmanager
def reading_replica(as_of: datetime) -> Iterator[None]:
    """Read the replica, whose data are complete up to a moment."""
    token = _reading.set(Reading(ALIAS, as_of))
    try:
        yield
    finally:
        _reading.reset(token)


class Router:
    """Sends reads to the replica inside `reading_replica`, and nothing else."""

    def db_for_read(self, model: type[Model], **hints: Any) -> str | None:
        return ALIAS if alias() == ALIAS else None

    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool | None:
        return False if db == ALIAS else None
