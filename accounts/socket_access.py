"""Who is on a socket, and which channels they may read."""

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
    """Return the identity behind a socket's scope. Raises InvalidToken when it shows nothing good.

    In the address, only a ticket counts; a cookie counts only from a page, which has an origin.
    """
    shown = parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True).get("token")
    if shown is not None:
        return _identity_of(tickets.redeem(shown[-1]))
    headers = headers_of(scope)
    user, proof = credentials.open_headers(headers, with_cookie="origin" in headers)
    return Identity(user.get_username(), frozenset(readable_channels(user)), proof)


def identities(proofs: Collection[Proof]) -> dict[Proof, Identity]:
    """Return who may go on by those of `proofs` that are still good, and what they may read now.

    Takes a constant number of queries, however many proofs there are.
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
    """The channels that each of `users`, by id, was given to read, themselves or by a group.

    The same as `has_perm` finds for one. Django's own `with_perm`, for many, takes a time that
    grows with their square.
    """
    names = {channel.permission: channel.name for channel in CHANNELS.values()}
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
            if channel := names.get(".".join(permission)):
                granted.setdefault(user_id, set()).add(channel)
    return granted


def readable_channels(user: Any) -> list[str]:
    """Return the channels that `user` may read."""
    return [one.name for one in CHANNELS.values() if user.has_perm(one.permission)]
