"""What somebody gets in by, over HTTP and the socket alike, and whether it still lets them in.

Sessions are for browsers, API tokens and JSON web tokens for programs. A token is shown in the
`Authorization` header, as `Bearer …` or `Token …`, and nowhere else.
"""

import time
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Literal

from django.contrib.auth import get_user_model
from django.contrib.sessions.models import Session
from django.db.models import QuerySet
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


def session(user: Any, key: str | None, expires_at: float | None = None) -> Proof:
    """The proof of a user who signed in with a browser."""
    return Proof("session", user.pk, key or "", user.get_session_auth_hash(), expires_at)


def session_expiry(key: str) -> float | None:
    """When the session of this key ends, in Unix seconds, unless it is prolonged until then."""
    rows = Session.objects.filter(pk=key).values_list("expire_date", flat=True)
    return _seconds(rows.first())


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


def still_good(proofs: Collection[Proof]) -> dict[Proof, tuple[Any, Proof]]:
    """Those of `proofs` that still let somebody in, each with its user and with what it is now.

    A session, and a token, can be prolonged. Takes a constant number of queries, however many
    proofs there are.
    """
    names = ["username", "password", "is_active", "is_superuser"]
    users = {
        user.pk: user
        for user in get_user_model()
        .objects.filter(pk__in={one.user_id for one in proofs}, is_active=True)
        .only(*names)
    }
    hashes = {pk: user.get_session_auth_hash() for pk, user in users.items()}
    renewed = _renewed(proofs)
    now = time.time()
    return {
        one: (users[one.user_id], by_now)
        for one, by_now in renewed.items()
        if one.user_id in users
        and one.auth_hash in {"", hashes[one.user_id]}
        and not by_now.has_expired(now)
    }


def _renewed(proofs: Collection[Proof]) -> dict[Proof, Proof]:
    """Those of `proofs` that were not deleted, with when they expire by now."""
    expiries = {
        "session": _expiries(Session.objects.all(), "expire_date", proofs, "session"),
        "api_token": _expiries(AuthToken.objects.all(), "expiry", proofs, "api_token"),
    }
    sign_ins = _expiries(SignIn.objects.all(), "expires_at", proofs, "jwt")
    found = {}
    for one in proofs:
        if one.kind in expiries:
            if one.key in expiries[one.kind]:
                found[one] = replace(one, expires_at=expiries[one.kind][one.key])
        elif one.kind == "open_access" or one.key in sign_ins:
            found[one] = one
    return found


def _expiries(
    rows: QuerySet[Any], column: str, proofs: Collection[Proof], kind: Kind
) -> dict[str, float | None]:
    """When the rows behind the proofs of a kind expire, in Unix seconds, by key."""
    keys = {one.key for one in proofs if one.kind == kind}
    if not keys:
        return {}
    found = rows.filter(pk__in=keys).values_list("pk", column)
    return {str(key): _seconds(moment) for key, moment in found}


def _seconds(moment: datetime | None) -> float | None:
    return None if moment is None else moment.timestamp()
