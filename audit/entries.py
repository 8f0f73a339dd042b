"""Add entries to the audit.

The log is append-only and detects changes (see `audit.chain`). Triggers in the database refuse
changes of entries and move the head, which marks the end of the log (migration 0002).
"""

import getpass
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial
from typing import Any

import structlog
from django.conf import settings
from django.db import connection, transaction
from django.http import HttpRequest

from audit import chain
from audit.choices import AuditAction, Source
from audit.models import Entry
from realtime import clock
from realtime.compiled_queries import insert
from realtime.paths import is_api
from realtime.transactions import as_last_act

_request: ContextVar[HttpRequest | None] = ContextVar("audited_request", default=None)
_origin: ContextVar[tuple[Source, str] | None] = ContextVar("audited_origin", default=None)


@contextmanager
def during(request: HttpRequest) -> Iterator[None]:
    """Attribute entries recorded inside to `request`: its user, source, address and id."""
    token = _request.set(request)
    try:
        yield
    finally:
        _request.reset(token)


@contextmanager
def on_behalf(source: Source, address: str) -> Iterator[None]:
    """Attribute entries recorded inside to a request that ended before a job does what it asked."""
    token = _origin.set((source, address))
    try:
        yield
    finally:
        _origin.reset(token)


def record(
    action: AuditAction,
    about: str,
    *,
    actor: Any = None,
    request: HttpRequest | None = None,
    source: Source | None = None,
    **details: Any,
) -> None:
    """Add an entry, in the transaction of the change that it records, if there is one.

    `about` names the object; `details` are JSON and never secret. User, source and address come
    from the current request unless they are given; without a request, the entry names the command
    and the machine's user.

    The chain's head stays locked until the commit. Entries are therefore written when the outermost
    `publishing` block ends, after its messages, so that no transaction waits for a channel's
    counter while it holds the head.
    """
    request = request or _request.get()
    entry = Entry(
        at=clock.now(),
        source=source or _source(request),
        action=action,
        object=about[:200],
        details=as_text(details),
        address=_address(request),
        request_id=structlog.contextvars.get_contextvars().get("request_id", ""),
    )
    entry.user_id, entry.actor = _actor(actor, request)
    as_last_act(partial(_append, entry))


def as_text(details: dict[str, Any]) -> str:
    """Return the details of an entry as the database stores and the MAC signs them."""
    return json.dumps(details, sort_keys=True, ensure_ascii=False)


def _source(request: HttpRequest | None) -> Source:
    if request is None:
        origin = _origin.get()
        return origin[0] if origin else Source.COMMAND
    if is_api(request):
        return Source.REST
    return Source.ADMIN if request.path_info.startswith("/admin/") else Source.CONSOLE


def _address(request: HttpRequest | None) -> str:
    if request is not None:
        return str(request.META.get("REMOTE_ADDR", ""))
    origin = _origin.get()
    return origin[1] if origin else ""


def _actor(actor: Any, request: HttpRequest | None) -> tuple[int | None, str]:
    user = actor or getattr(request, "user", None)
    if user is not None and user.is_authenticated:
        return user.pk, user.get_username()
    return None, "" if request else _user_of_the_machine()


def _user_of_the_machine() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container may run as a uid without a name
        return str(os.getuid())


def _append(entry: Entry) -> None:
    with transaction.atomic(savepoint=False):
        with connection.cursor() as cursor:
            cursor.execute("SELECT * FROM audit_lock_head()")
            last, entry.previous = cursor.fetchone()
        entry.sequence = last + 1
        entry.key = chain.key_id(settings.HITL_AUDIT_KEYS[0])
        entry.mac = chain.mac(entry, settings.HITL_AUDIT_KEYS[0])
        insert([entry])
