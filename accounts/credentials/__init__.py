"""Check credentials, over HTTP and the socket alike, and whether they are still valid.

Browsers use sessions; programs use API tokens and JSON web tokens. A token is sent in the
`Authorization` header, as `Bearer …` or `Token …`, and nowhere else. Each kind of credential has a
file here; KINDS lists them.
"""

from collections.abc import Collection, Mapping

from django.conf import settings
from django.contrib.auth import get_user_model
from django.http import parse_cookie

from accounts.credentials import api_token, jwt, open_access, session
from accounts.credentials.kinds import NONE_GOOD, Opened, Shown, UnknownToken
from realtime import clock
from realtime.access import InvalidToken, Proof

KINDS = {one.name: one for one in (session.KIND, api_token.KIND, jwt.KIND, open_access.KIND)}
SCHEMES = frozenset({"bearer", "token"})


def shown_token(authorization: str) -> str | None:
    """Return the token in an `Authorization` header, or None if the header holds something else."""
    scheme, _, token = authorization.strip().partition(" ")
    return token.strip() if scheme.lower() in SCHEMES else None


def open_with(token: str) -> Opened:
    """Return the user of a token of any kind, and the proof. Raise InvalidToken."""
    return _open(_as_shown(token))


def open_headers(headers: Mapping[str, str], *, with_cookie: bool = True) -> Opened:
    """Return the user whose credential counts in `headers`, and the proof. Raise InvalidToken."""
    return _open(shown_by(headers, with_cookie=with_cookie))


def shown_by(headers: Mapping[str, str], *, with_cookie: bool = True) -> Shown:
    """Return the credential in `headers` that counts. Raise InvalidToken if there is none.

    Header names are lower-case. A token comes before a cookie, which counts only if `with_cookie`
    is true. Open access applies only if the request has no credentials, valid or not.
    """
    token = shown_token(headers.get("authorization", ""))
    if token is not None:
        return _as_shown(token)
    cookies = parse_cookie(headers.get("cookie", ""))
    if with_cookie and (key := cookies.get(settings.SESSION_COOKIE_NAME)):
        return Shown(session.NAME, key)
    if are_shown(headers):
        raise InvalidToken(NONE_GOOD)
    return Shown(open_access.NAME, "")


def _as_shown(token: str) -> Shown:
    for kind in KINDS.values():
        if kind.is_token and kind.is_token(token):
            return Shown(kind.name, token)
    raise UnknownToken


def _open(shown: Shown) -> Opened:
    return KINDS[shown.kind].open(shown.secret)


def proofs_of(shown: Collection[Shown]) -> dict[Shown, Proof]:
    """Return what those of `shown` that are known prove; `still_good` says whether it counts.

    The number of queries does not depend on how many there are.
    """
    found: dict[Shown, Proof] = {}
    for kind in KINDS.values():
        if secrets := {one.secret for one in shown if one.kind == kind.name}:
            proofs = kind.proofs(secrets)
            found |= {Shown(kind.name, secret): proof for secret, proof in proofs.items()}
    return found


def are_shown(headers: Mapping[str, str]) -> bool:
    """Return whether a request has credentials, valid or not."""
    return "authorization" in headers or settings.SESSION_COOKIE_NAME in parse_cookie(
        headers.get("cookie", "")
    )


def still_good(proofs: Collection[Proof]) -> dict[Proof, Opened]:
    """Return those of `proofs` that are still valid, each with its user and its current proof.

    The current proof differs when a session or token was extended. The number of queries does not
    depend on the number of proofs.
    """
    names = ["username", "password", "is_active", "is_superuser"]
    active = get_user_model().objects.filter(is_active=True).only(*names)
    users = {user.pk: user for user in active.filter(pk__in={one.user_id for one in proofs})}
    hashes = {pk: user.get_session_auth_hash() for pk, user in users.items()}
    now = clock.seconds()
    return {
        one: (users[one.user_id], by_now)
        for one, by_now in _renewed(proofs).items()
        if one.user_id in users
        and one.auth_hash in {"", hashes[one.user_id]}
        and not by_now.has_expired(now)
    }


def _renewed(proofs: Collection[Proof]) -> dict[Proof, Proof]:
    """Return those of `proofs` that were not revoked, with their current expiry."""
    found: dict[Proof, Proof] = {}
    for kind in KINDS.values():
        if of_kind := [one for one in proofs if one.kind == kind.name]:
            found |= kind.renewed(of_kind)
    return found
