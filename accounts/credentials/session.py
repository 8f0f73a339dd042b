"""Sessions of browsers, in a cookie. A new password ends them."""

from collections.abc import Collection
from importlib import import_module
from typing import Any

from django.conf import settings
from django.contrib.auth import (
    BACKEND_SESSION_KEY,
    HASH_SESSION_KEY,
    SESSION_KEY,
    get_user,
)
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.models import Session
from django.http import HttpRequest

from accounts.credentials.kinds import NONE_GOOD, CredentialKind, Opened, renewed_by, seconds
from realtime import clock
from realtime.access import InvalidToken, Proof

NAME = "session"


def proof_of(user: Any, key: str | None, expires_at: float | None = None) -> Proof:
    """Return the proof of a user whose session has this key."""
    return Proof(NAME, user.pk, key or "", user.get_session_auth_hash(), expires_at)


def _open(key: str) -> Opened:
    """Return the signed-in user whose session has this key, and the proof."""
    request = HttpRequest()
    request.session = import_module(settings.SESSION_ENGINE).SessionStore(key)
    user = get_user(request)
    if isinstance(user, AnonymousUser):
        raise InvalidToken(NONE_GOOD)
    return user, proof_of(user, key, _expiry(key))


def _expiry(key: str) -> float | None:
    """Return when the session with this key ends, unless it is extended before."""
    rows = Session.objects.filter(pk=key).values_list("expire_date", flat=True)
    return seconds(rows.first())


def _proofs(keys: Collection[str]) -> dict[str, Proof]:
    sessions = Session.objects.filter(pk__in=keys, expire_date__gt=clock.now())
    return {
        row.pk: Proof(NAME, int(data[SESSION_KEY]), row.pk, data[HASH_SESSION_KEY], expires_at)
        for row in sessions
        if (data := row.get_decoded()).get(BACKEND_SESSION_KEY) in settings.AUTHENTICATION_BACKENDS
        and (expires_at := seconds(row.expire_date))
    }


KIND = CredentialKind(NAME, _open, _proofs, renewed_by(Session.objects.all(), "expire_date"))
