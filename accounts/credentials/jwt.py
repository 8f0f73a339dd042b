"""JSON web tokens: a short-lived access token, and a refresh token that renews it once.

    sign in with a password ──> access + refresh
    renew with the refresh  ──> access + refresh, and the old refresh is used up
    sign out                ──> none of them is valid any more

Every token names the `SignIn` it comes from, so all tokens of one sign-in are revoked together. A
refresh token that is used a second time has been stolen, and ends the sign-in.
"""

import contextlib
from collections.abc import Collection
from typing import Any, NamedTuple

from django.db import transaction
from rest_framework_simplejwt.exceptions import TokenError
from rest_framework_simplejwt.settings import api_settings
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken, OutstandingToken
from rest_framework_simplejwt.tokens import Token

from accounts.credentials.jwt_tokens import Access, Refresh
from accounts.credentials.kinds import CredentialKind, Opened, UnknownToken
from accounts.models import SignIn, forget_expired
from realtime.access import Proof

ACCESS_SECONDS = int(api_settings.ACCESS_TOKEN_LIFETIME.total_seconds())
NAME = "jwt"
SIGN_IN = "sid"
"""The claim that names the sign-in, as OpenID Connect names a session."""


class Pair(NamedTuple):
    """An access token, and the refresh token that renews it."""

    access: str
    refresh: str


def sign_in(user: Any) -> Pair:
    """Return the first tokens of a user whose password was checked."""
    for model in (SignIn, OutstandingToken):
        forget_expired(model)
    refresh = Refresh()
    with transaction.atomic():
        row = SignIn.objects.create(
            user=user, auth_hash=user.get_session_auth_hash(), expires_at=refresh.expiry()
        )
        refresh["user_id"], refresh[SIGN_IN] = str(user.pk), str(row.pk)
        refresh.outstand()
    return _pair(refresh)


def renew(text: str) -> Pair:
    """Return new tokens for a refresh token and use it up. Raise TokenError if it is not valid."""
    refresh = Refresh(text)  # type: ignore[arg-type] # its hint is wrong
    with transaction.atomic():
        rows = SignIn.objects.select_for_update(of=["self"]).select_related("user")
        row = rows.filter(pk=refresh[SIGN_IN]).first()
        if row is None or not row.is_good():
            raise TokenError("The sign-in has ended.")
        came_before = BlacklistedToken.objects.filter(token__jti=refresh["jti"]).exists()
        if came_before:
            row.delete()
        else:
            _rotate(refresh, row)
    if came_before:
        raise TokenError("The token was used before; the sign-in is ended.")
    return _pair(refresh)


def sign_out(text: str) -> None:
    """End the sign-in of a refresh token. Raise TokenError if it is not valid."""
    refresh = Refresh(text)  # type: ignore[arg-type]
    SignIn.objects.filter(pk=refresh[SIGN_IN]).delete()


def read(text: str) -> tuple[SignIn, float]:
    """Return the sign-in of an access token, with its user, and when the token expires.

    Raise TokenError if it is not valid.
    """
    token = Access(text)  # type: ignore[arg-type]
    row = SignIn.objects.select_related("user").filter(pk=token[SIGN_IN]).first()
    if row is None or not row.is_good():
        raise TokenError("The sign-in has ended.")
    return row, float(token["exp"])


def _rotate(refresh: Refresh, row: SignIn) -> None:
    """Use the token up, and make `refresh` the next one of the sign-in."""
    refresh.blacklist()
    refresh.set_jti()
    refresh.set_exp()
    refresh.set_iat()
    refresh.outstand()
    row.expires_at = refresh.expiry()
    row.save(update_fields=["expires_at"])


def _pair(refresh: Refresh) -> Pair:
    return Pair(str(refresh.access_token), str(refresh))


# -- As a credential --------------------------------------------------------------------------


def _open(token: str) -> Opened:
    try:
        row, expires_at = read(token)
    except (TokenError, KeyError):
        raise UnknownToken from None
    return row.user, _proof(row, expires_at)


def _proof(row: SignIn, expires_at: float) -> Proof:
    return Proof(NAME, row.user_id, str(row.pk), row.auth_hash, expires_at)


def _proofs(tokens: Collection[str]) -> dict[str, Proof]:
    read: dict[str, Token] = {}
    for text in tokens:
        with contextlib.suppress(TokenError):
            read[text] = Access(text)  # type: ignore[arg-type]
    rows = SignIn.objects.in_bulk({token[SIGN_IN] for token in read.values() if SIGN_IN in token})
    of_sign_in = {str(key): row for key, row in rows.items()}
    return {
        text: _proof(of_sign_in[token[SIGN_IN]], float(token["exp"]))
        for text, token in read.items()
        if token.get(SIGN_IN) in of_sign_in
    }


def _renewed(proofs: Collection[Proof]) -> dict[Proof, Proof]:
    """Return the proofs whose sign-in still exists. The token itself states its expiry."""
    rows = SignIn.objects.filter(pk__in=[one.key for one in proofs])
    keys = set(map(str, rows.values_list("pk", flat=True)))
    return {one: one for one in proofs if one.key in keys}


KIND = CredentialKind(NAME, _open, _proofs, _renewed, is_token=lambda text: "." in text)
