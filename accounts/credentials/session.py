"""Sessions of browsers, in a cookie. A new password ends them."""

from collections.abc import Mapping
from importlib import import_module
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.models import Session
from django.http import HttpRequest

from accounts.credentials.kinds import CredentialKind, Opened, renewed_by, seconds
from realtime.access import Proof

NAME = "session"


def proof_of(user: Any, key: str | None, expires_at: float | None = None) -> Proof:
    """Return the proof of a user whose session has this key."""
    return Proof(NAME, user.pk, key or "", user.get_session_auth_hash(), expires_at)


def open_cookie(cookies: Mapping[str, str]) -> Opened | None:
    """Return the signed-in user whose session cookie is among `cookies`, and the proof."""
    key = cookies.get(settings.SESSION_COOKIE_NAME)
    if not key:
        return None
    request = HttpRequest()
    request.session = import_module(settings.SESSION_ENGINE).SessionStore(key)
    user = get_user(request)
    if isinstance(user, AnonymousUser):
        return None
    return user, proof_of(user, key, _expiry(key))


def _expiry(key: str) -> float | None:
    """Return when the session with this key ends, unless it is extended before."""
    rows = Session.objects.filter(pk=key).values_list("expire_date", flat=True)
    return seconds(rows.first())


KIND = CredentialKind(NAME, renewed_by(Session.objects.all(), "expire_date"))
