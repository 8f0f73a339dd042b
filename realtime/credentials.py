"""What somebody gets in by, over HTTP and the socket alike, and whether it still lets them in.

Sessions are for browsers, API tokens and JSON web tokens for programs. A token is shown in the
`Authorization` header, as `Bearer …` or `Token …`, and nowhere else.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

from django.db.models import Q, QuerySet
from django.utils import timezone
from knox.crypto import hash_token
from knox.models import AuthToken
from rest_framework_simplejwt.exceptions import TokenError

from realtime import jwt

TOKEN_DAYS = 90
"""How long an API token is good for unless somebody says otherwise."""
MOST_TOKEN_DAYS = 3650

SCHEMES = frozenset({"bearer", "token"})

Kind = Literal["session", "api_token", "jwt", "open_access"]


class InvalidToken(Exception):
    """A token that lets nobody in: unknown, expired, revoked, or its user was disabled."""


@dataclass(frozen=True, slots=True)
class Proof:
    """What a user got in by: enough to find out later whether it still lets them in.

    `key` tells it from others of its kind. `auth_hash` stands for the password of then, where the
    proof ends with it. `expires_at`, if it ever does, is in Unix seconds.
    """

    kind: Kind
    user_id: int
    key: str = field(default="", repr=False)
    auth_hash: str = field(default="", repr=False)
    expires_at: float | None = None


def session(user: Any, key: str | None) -> Proof:
    """The proof of a user who signed in with a browser."""
    return Proof("session", user.pk, key or "", user.get_session_auth_hash())


def open_access(user: Any) -> Proof:
    """The proof of somebody who showed nothing, where nothing is asked for."""
    return Proof("open_access", user.pk)


def issue_token(user: Any, *, days: int) -> tuple[AuthToken, str]:
    """Make an API token of `user` that is good for `days`; returns its row and the secret.

    The secret is kept nowhere: the row has only its hash, and its beginning to tell it by.
    """
    row, secret = AuthToken.objects.create(user=user, expiry=timedelta(days=days))
    return row, secret


def shown_token(authorization: str) -> str | None:
    """The token in an `Authorization` header, or None when that holds something else."""
    scheme, _, token = authorization.strip().partition(" ")
    return token.strip() if scheme.lower() in SCHEMES else None


def open_with(token: str) -> tuple[Any, Proof]:
    """The user behind an API token or a JSON web token, and the proof. Raises InvalidToken."""
    return _open_with_jwt(token) if "." in token else _open_with_api_token(token)


def _open_with_api_token(token: str) -> tuple[Any, Proof]:
    rows = unexpired_tokens().filter(digest=hash_token(token), user__is_active=True)
    row = rows.select_related("user").first()
    if row is None:
        raise InvalidToken("The token is unknown, expired or revoked.")
    return row.user, Proof("api_token", row.user_id, row.digest, expires_at=_seconds(row.expiry))


def _open_with_jwt(token: str) -> tuple[Any, Proof]:
    try:
        row, expires_at = jwt.read(token)
    except (TokenError, KeyError):
        raise InvalidToken("The token is unknown, expired or revoked.") from None
    return row.user, Proof("jwt", row.user_id, str(row.pk), row.auth_hash, expires_at)


def unexpired_tokens() -> QuerySet[Any]:
    tokens: QuerySet[Any] = AuthToken.objects.all()
    return tokens.filter(Q(expiry__isnull=True) | Q(expiry__gt=timezone.now()))


def _seconds(moment: datetime | None) -> float | None:
    return None if moment is None else moment.timestamp()
