"""What somebody gets in by, over HTTP and the socket alike, and whether it still lets them in.

Sessions are for browsers, API tokens and JSON web tokens for programs. A token is shown in the
`Authorization` header, as `Bearer …` or `Token …`, and nowhere else.
"""

import time
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

from django.contrib.auth import get_user_model
from django.contrib.sessions.models import Session
from django.db.models import Q, QuerySet
from django.utils import timezone
from knox.crypto import hash_token
from knox.models import AuthToken
from rest_framework_simplejwt.exceptions import TokenError

from realtime import jwt
from realtime.models import SignIn

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

    def has_expired(self, now: float) -> bool:
        """Whether its time was up at `now`, in Unix seconds."""
        return self.expires_at is not None and self.expires_at <= now


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
    rows = AuthToken.objects.select_related("user").filter(digest=hash_token(token))
    for row in rows:
        proof = Proof("api_token", row.user_id, row.digest, expires_at=_seconds(row.expiry))
        if row.user.is_active and not proof.has_expired(time.time()):
            return row.user, proof
    raise InvalidToken("The token is unknown, expired or revoked.")


def _open_with_jwt(token: str) -> tuple[Any, Proof]:
    try:
        row, expires_at = jwt.read(token)
    except (TokenError, KeyError):
        raise InvalidToken("The token is unknown, expired or revoked.") from None
    return row.user, Proof("jwt", row.user_id, str(row.pk), row.auth_hash, expires_at)


def still_good(proofs: Collection[Proof]) -> dict[Proof, Any]:
    """Those of `proofs` that still let somebody in, each with its user.

    Takes a constant number of queries, however many proofs there are.
    """
    names = ["username", "password", "is_active", "is_superuser"]
    users = {
        user.pk: user
        for user in get_user_model()
        .objects.filter(pk__in={one.user_id for one in proofs}, is_active=True)
        .only(*names)
    }
    hashes = {pk: user.get_session_auth_hash() for pk, user in users.items()}
    keys = _living_keys(proofs)
    now = time.time()
    return {
        one: users[one.user_id]
        for one in proofs
        if one.user_id in users
        and (one.kind, one.key) in keys
        and one.auth_hash in {"", hashes[one.user_id]}
        and not one.has_expired(now)
    }


def _living_keys(proofs: Collection[Proof]) -> set[tuple[Kind, str]]:
    """The keys, with their kinds, among `proofs` that are neither deleted nor expired."""
    asked: dict[Kind, set[str]] = {}
    for one in proofs:
        asked.setdefault(one.kind, set()).add(one.key)
    rows: dict[Kind, QuerySet[Any]] = {
        "session": Session.objects.filter(expire_date__gt=timezone.now()),
        "api_token": unexpired_tokens(),
        "jwt": SignIn.objects.all(),
    }
    living: set[tuple[Kind, str]] = {("open_access", "")}
    for kind in asked.keys() & rows.keys():
        found = rows[kind].filter(pk__in=asked[kind]).values_list("pk", flat=True)
        living.update((kind, str(key)) for key in found)
    return living


def unexpired_tokens() -> QuerySet[Any]:
    tokens: QuerySet[Any] = AuthToken.objects.all()
    return tokens.filter(Q(expiry__isnull=True) | Q(expiry__gt=timezone.now()))


def _seconds(moment: datetime | None) -> float | None:
    return None if moment is None else moment.timestamp()
