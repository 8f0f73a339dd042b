"""The audit: who did what by which door, in a log that only grows and shows when it was changed.

Each entry carries a MAC over itself and the MAC of the entry before it, under a key that is not in
the database. The database lets nobody change an entry and moves the head, which says where the log
ends, by itself (migration 0004). `manage.py verify_audit` reads the chain again.
"""

import getpass
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import timedelta
from functools import cache, partial
from typing import Any

import structlog
from django.conf import settings
from django.db import connection, transaction
from django.db.models import Max
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac

from realtime.messages import wire_time
from realtime.publish import as_last_act
from reviews.choices import CHANGES_OF_APVS, AuditAction, Door
from reviews.models import AuditEntry

SIGNED = (
    *("sequence", "at", "user_id", "actor", "door", "action", "object", "details"),
    *("address", "request_id", "key"),
)
"""The fields that a MAC covers, in this order."""
NO_MAC = "0" * 64
"""What the first entry follows."""

_request: ContextVar[HttpRequest | None] = ContextVar("audited_request", default=None)


@contextmanager
def during(request: HttpRequest) -> Iterator[None]:
    """Lay what is recorded inside to `request`: its user, door, address and id."""
    token = _request.set(request)
    try:
        yield
    finally:
        _request.reset(token)


def record(
    action: AuditAction,
    about: str,
    *,
    actor: Any = None,
    request: HttpRequest | None = None,
    door: Door | None = None,
    **details: Any,
) -> None:
    """Add an entry, in the transaction of what it tells of if there is one.

    `about` names what was acted on; `details` are JSON and never secret. Who did it, from where and
    by which door is told by the request that is being answered, unless it is given; without one it
    was a command of the machine's user.

    The chain's head stays locked until the commit. So entries are written when the enclosing
    `publishing` ends, behind its messages: no transaction waits for a channel's counter while it
    holds the head.
    """
    request = request or _request.get()
    entry = AuditEntry(
        at=timezone.now(),
        door=door or _door(request),
        action=action,
        object=about[:200],
        details=_as_text(details),
        address=request.META.get("REMOTE_ADDR", "") if request else "",
        request_id=structlog.contextvars.get_contextvars().get("request_id", ""),
    )
    entry.user_id, entry.actor = _actor(actor, request)
    as_last_act(partial(_append, entry))


EXPORT_REPEATED = timedelta(minutes=10)
"""A file that the same user fetches again within this time is no news for the audit."""

MOST_ASKED = 1000
"""How much is recorded of the address of an export; its sender chooses the length."""


def record_export(user: Any, name: str, *, asked: str) -> None:
    """Record that `user` takes the decisions out as a file, unless they did so a moment ago.

    `asked` is the query that narrows them.
    """
    details: dict[str, Any] = {
        "asked": asked if len(asked) <= MOST_ASKED else f"{asked[:MOST_ASKED]}…"
    }
    before = AuditEntry.objects.filter(
        at__gt=timezone.now() - EXPORT_REPEATED,
        action=AuditAction.EXPORTED,
        user_id=user.pk,
        object=name,
        details=_as_text(details),
    )
    if not before.exists():
        record(AuditAction.EXPORTED, name, actor=user, **details)


def last_change_of_apvs() -> int:
    """Return the number of the newest entry that tells of a changed APV; 0 where there is none.

    A page whose lists were read at a smaller number reads them anew.
    """
    changes = AuditEntry.objects.filter(action__in=CHANGES_OF_APVS)
    return changes.aggregate(newest=Max("sequence"))["newest"] or 0


def _as_text(details: dict[str, Any]) -> str:
    return json.dumps(details, sort_keys=True, ensure_ascii=False)


def _door(request: HttpRequest | None) -> Door:
    if request is None:
        return Door.COMMAND
    if request.path_info.startswith("/hitl/"):
        return Door.REST
    return Door.ADMIN if request.path_info.startswith("/admin/") else Door.CONSOLE


def _actor(actor: Any, request: HttpRequest | None) -> tuple[int | None, str]:
    user = actor or getattr(request, "user", None)
    if user is not None and user.is_authenticated:
        return user.pk, user.get_username()
    return None, "" if request else _user_of_the_machine()


def _user_of_the_machine() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container may run under a number without a name
        return str(os.getuid())


def _append(entry: AuditEntry) -> None:
    with transaction.atomic(savepoint=False):
        with connection.cursor() as cursor:
            cursor.execute("SELECT * FROM reviews_audit_lock_head()")
            last, entry.previous = cursor.fetchone()
        entry.sequence = last + 1
        entry.key = key_id(settings.HITL_AUDIT_KEYS[0])
        entry.mac = mac(entry, settings.HITL_AUDIT_KEYS[0])
        entry.save(force_insert=True)


# -- The chain --------------------------------------------------------------------------------


def mac(entry: AuditEntry, key: str) -> str:
    """HMAC-SHA256, in hex, over the previous MAC and the entry as JSON."""
    values = [getattr(entry, name) for name in SIGNED]
    values[SIGNED.index("at")] = wire_time(entry.at)
    text = entry.previous + json.dumps(values, ensure_ascii=False, separators=(",", ":"))
    return salted_hmac("reviews.audit", text, secret=key, algorithm="sha256").hexdigest()


@cache
def key_id(key: str) -> str:
    """The name under which entries say with which key they were signed; it tells nothing of it."""
    digest = salted_hmac("reviews.audit.key", "", secret=key, algorithm="sha256").hexdigest()
    return digest[:16]


@dataclass(frozen=True)
class Head:
    """The last entry of a chain; written as `sequence:mac`."""

    sequence: int
    mac: str

    @classmethod
    def parse(cls, text: str) -> "Head":
        """Raises ValueError when `text` is no head."""
        sequence, _, digest = text.partition(":")
        if len(digest) != len(NO_MAC):
            raise ValueError(text)
        return cls(int(sequence), digest)

    def __str__(self) -> str:
        return f"{self.sequence}:{self.mac}"


EMPTY = Head(0, NO_MAC)


class BrokenChain(Exception):
    """The first entry that is not what was written, and how that shows."""


def verified(
    entries: Iterable[AuditEntry], head: Head, expected: Head | None = None
) -> Iterator[AuditEntry]:
    """`entries`, all there are in their order, each once it was checked.

    `head` is where the database says they end, `expected` a head that was noted earlier. Raises
    BrokenChain at the first that was edited, removed or put in another place.
    """
    last = EMPTY
    _compare(last, expected)
    for entry in entries:
        _check(entry, last)
        last = Head(entry.sequence, entry.mac)
        _compare(last, expected)
        yield entry
    if expected and last.sequence < expected.sequence:
        raise BrokenChain(_removed(last.sequence + 1, expected.sequence))
    if last.sequence < head.sequence:
        raise BrokenChain(_removed(last.sequence + 1, head.sequence))
    if last != head:
        raise BrokenChain(f"Entry {head.sequence} is not the last: the head was set back.")


def _check(entry: AuditEntry, last: Head) -> None:
    if entry.sequence != last.sequence + 1:
        raise BrokenChain(_removed(last.sequence + 1, entry.sequence - 1))
    key = next((one for one in settings.HITL_AUDIT_KEYS if key_id(one) == entry.key), None)
    if key is None:
        raise BrokenChain(
            f"Entry {entry.sequence} was signed with the key {entry.key}, "
            "which is not in HITL_AUDIT_KEYS, or it was edited."
        )
    if not constant_time_compare(mac(entry, key), entry.mac):
        raise BrokenChain(f"Entry {entry.sequence} was edited, or another was put in its place.")
    if entry.previous != last.mac:
        raise BrokenChain(f"Entry {entry.sequence} does not follow the one before: reordered.")


def _compare(last: Head, expected: Head | None) -> None:
    if expected and last.sequence == expected.sequence and last.mac != expected.mac:
        raise BrokenChain(f"Entry {last.sequence} is not the one that was the head once.")


def _removed(first: int, last: int) -> str:
    if first == last:
        return f"Entry {first} was removed."
    return f"Entries {first} to {last} were removed."
