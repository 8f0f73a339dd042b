"""API tokens, for programs. They are valid for a number of days, or for ever."""

from collections.abc import Collection
from datetime import timedelta
from typing import Any

from knox.crypto import hash_token
from knox.models import AuthToken

from accounts.credentials.kinds import CredentialKind, Opened, UnknownToken, renewed_by, seconds
from accounts.models import AccountOwner
from realtime import clock
from realtime.access import Proof
from realtime.compiled_queries import CompiledQuery

NAME = "api_token"
TOKEN_DAYS = 90
"""How long an API token is good for unless somebody says otherwise."""
MOST_TOKEN_DAYS = 3650


BY_DIGEST = CompiledQuery(
    lambda digest: AuthToken.objects.select_related("user").filter(digest=digest),
    sample="the digest of no token",
)


def issue_token(user: Any, *, days: int, by: Any = None) -> tuple[AuthToken, str]:
    """Make an API token of `user` that is valid for `days`; return its row and the secret.

    The secret is not stored: the row has its hash, and its first characters to recognise it by. The
    person whom it is shown to, `by`, can act as `user` and so owns that account from now on.
    """
    if by is not None and by.pk != user.pk:
        AccountOwner.objects.get_or_create(account=user, owner=by)
    row, secret = AuthToken.objects.create(user=user, expiry=timedelta(days=days))
    return row, secret


def _open(token: str) -> Opened:
    for row in BY_DIGEST.rows(hash_token(token)):
        proof = Proof(NAME, row.user_id, row.digest, expires_at=seconds(row.expiry))
        if row.user.is_active and not proof.has_expired(clock.seconds()):
            return row.user, proof
    raise UnknownToken


def _proofs(tokens: Collection[str]) -> dict[str, Proof]:
    secrets = {hash_token(token): token for token in tokens}
    rows = AuthToken.objects.filter(digest__in=secrets).only("digest", "user_id", "expiry")
    return {
        secrets[row.digest]: Proof(NAME, row.user_id, row.digest, expires_at=seconds(row.expiry))
        for row in rows
    }


KIND = CredentialKind(
    NAME,
    _open,
    _proofs,
    renewed_by(AuthToken.objects.all(), "expiry"),
    is_token=lambda text: "." not in text,
)
