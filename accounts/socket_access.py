"""The user of a socket, and the channels that they may read."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qs

from django.contrib.auth import get_user_model

from accounts import credentials
from accounts.credentials import tickets
from accounts.credentials.kinds import Shown
from realtime.access import Identity, InvalidToken, Proof
from realtime.registry import CHANNELS
from realtime.socket.origins import headers_of

Scope = Mapping[str, Any]
"""An ASGI scope."""


TICKET = "ticket"


def authenticate(scopes: Sequence[Scope]) -> list[Identity | None]:
    """Return the identity of each socket's scope, None without valid credentials.

    The number of queries does not depend on the number of sockets.
    """
    shown = [_shown_by(scope) for scope in scopes]
    others = {one for one in shown if one and one.kind != TICKET}
    proofs = credentials.proofs_of(others) | _redeemed(shown)
    good = identities(set(proofs.values()))
    found: list[Identity | None] = []
    for one in shown:
        proof = proofs.get(one) if one else None
        found.append(good.get(proof) if proof else None)
        if one and one.kind == TICKET:
            proofs.pop(one, None)  # it opens one socket
    return found


def _shown_by(scope: Scope) -> Shown | None:
    """Return the credential of a socket's scope that counts.

    In the address only a ticket counts. A cookie counts only from a page, which sends an origin.
    """
    given = parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True).get("token")
    if given is not None:
        return Shown(TICKET, given[-1])
    headers = headers_of(scope)
    try:
        return credentials.shown_by(headers, with_cookie="origin" in headers)
    except InvalidToken:
        return None


def _redeemed(shown: Sequence[Shown | None]) -> dict[Shown, Proof]:
    """Use the tickets among `shown` up; return what they were made for."""
    secrets = {one.secret for one in shown if one and one.kind == TICKET}
    proofs = tickets.redeem(secrets) if secrets else {}
    return {Shown(TICKET, secret): proof for secret, proof in proofs.items()}


def identities(proofs: Collection[Proof]) -> dict[Proof, Identity]:
    """Return the identities of those of `proofs` that are still valid, with readable channels.

    The number of queries does not depend on the number of proofs.
    """
    good = credentials.still_good(proofs)
    granted = _granted({user.pk for user, _ in good.values()})
    return {
        proof: Identity(
            user.get_username(),
            frozenset(CHANNELS if user.is_superuser else granted.get(user.pk, ())),
            by_now,
        )
        for proof, (user, by_now) in good.items()
    }


def _granted(users: Collection[int]) -> dict[int, set[str]]:
    """Return the channels that each of `users`, by id, may read, directly or through a group.

    The result is that of `has_perm` for each user. Django's own `with_perm` takes time that grows
    with the square of the number of users.
    """
    names: dict[str, list[str]] = {}
    for channel in CHANNELS.values():
        names.setdefault(channel.permission, []).append(channel.name)
    codenames = [permission.partition(".")[2] for permission in names]
    model: Any = get_user_model()
    granted: dict[int, set[str]] = {}
    for given, path in (
        (model.user_permissions.through, "permission"),
        (model.groups.through, "group__permissions"),
    ):
        app, codename = f"{path}__content_type__app_label", f"{path}__codename"
        rows = given.objects.filter(user_id__in=users, **{f"{codename}__in": codenames})
        for user_id, *permission in rows.values_list("user_id", app, codename):
            granted.setdefault(user_id, set()).update(names.get(".".join(permission), ()))
    return granted


def readable_channels(user: Any) -> list[str]:
    """Return the channels that `user` may read."""
    return [one.name for one in CHANNELS.values() if user.has_perm(one.permission)]
