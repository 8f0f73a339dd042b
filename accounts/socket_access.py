"""The user of a socket, and the channels that they may read."""

from collections.abc import Collection, Mapping
from typing import Any
from urllib.parse import parse_qs

from django.contrib.auth import get_user_model

from accounts import credentials
from accounts.credentials import tickets
from realtime.access import Identity, InvalidToken, Proof
from realtime.registry import CHANNELS
from realtime.socket.origins import headers_of


def authenticate(scope: Mapping[str, Any]) -> Identity:
    """Return the identity of a socket's scope. Raise InvalidToken if it has no valid credentials.

    In the address only a ticket counts. A cookie counts only from a page, which sends an origin.
    """
    shown = parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True).get("token")
    if shown is not None:
        return _identity_of(tickets.redeem(shown[-1]))
    headers = headers_of(scope)
    user, proof = credentials.open_headers(headers, with_cookie="origin" in headers)
    return Identity(user.get_username(), frozenset(readable_channels(user)), proof)


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


def _identity_of(proof: Proof) -> Identity:
    try:
        return identities([proof])[proof]
    except KeyError:
        raise InvalidToken("What the ticket was made for is no good any more.") from None


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
