"""Who is on a socket, from where, and what they may read."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any
from urllib.parse import parse_qs

from django.conf import settings
from django.contrib.auth import get_user, get_user_model
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, parse_cookie
from django.http.request import split_domain_port, validate_host

from realtime import credentials, tickets
from realtime.channels import CHANNELS
from realtime.credentials import InvalidToken, Proof

DEMO_REVIEWER = "reviewer"
"""The user as whom HITL_OPEN_ACCESS lets clients without credentials act."""


@dataclass(frozen=True, slots=True)
class Identity:
    """A user on a socket, the channels they may read, and what they got in by."""

    username: str
    channels: frozenset[str]
    proof: Proof


def headers_of(scope: Mapping[str, Any]) -> dict[str, str]:
    """The request headers of an ASGI scope; of a repeated one, the last."""
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}


def origin_allowed(scope: Mapping[str, Any]) -> bool:
    """Whether the page that opened the socket, if any, is one of ours.

    An Origin counts as a whole: scheme, host and port. Without HITL_ALLOWED_ORIGINS it must be
    the origin that the request itself was sent to.
    """
    headers = headers_of(scope)
    origin = headers.get("origin")
    if origin is None:
        return True  # no browser; a session cookie will not count either
    if settings.HITL_ALLOWED_ORIGINS:
        return origin in settings.HITL_ALLOWED_ORIGINS
    host = headers.get("host", "")
    scheme = "https" if settings.BEHIND_TLS or scope.get("scheme") == "wss" else "http"
    name, _ = split_domain_port(host)
    return origin == f"{scheme}://{host}" and validate_host(name, settings.ALLOWED_HOSTS)


def authenticate(scope: Mapping[str, Any]) -> Identity:
    """The identity behind a socket's scope. Raises InvalidToken when it shows nothing good.

    In the address, only a ticket counts.
    """
    shown = parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True).get("token")
    if shown is not None:
        return _identity_of(tickets.redeem(shown[-1]))
    user, proof = _user_of(headers_of(scope))
    return Identity(user.get_username(), frozenset(readable_channels(user)), proof)


def identities(proofs: Collection[Proof]) -> dict[Proof, Identity]:
    """Who may go on by those of `proofs` that are still good, and what they may read now.

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


def _user_of(headers: Mapping[str, str]) -> tuple[Any, Proof]:
    token = credentials.shown_token(headers.get("authorization", ""))
    if token is not None:
        return credentials.open_with(token)
    if "origin" in headers and (found := session_user(parse_cookie(headers.get("cookie", "")))):
        return found
    if not shows_credentials(headers) and (user := open_access_user()):
        return user, credentials.open_access(user)
    raise InvalidToken("There are no good credentials.")


def readable_channels(user: Any) -> list[str]:
    """The channels that `user` may read."""
    return [one.name for one in CHANNELS.values() if user.has_perm(one.permission)]


def session_user(cookies: Mapping[str, str]) -> tuple[Any, Proof] | None:
    """The signed-in user whose session cookie is among `cookies`, and the proof."""
    key = cookies.get(settings.SESSION_COOKIE_NAME)
    if not key:
        return None
    request = HttpRequest()
    request.session = import_module(settings.SESSION_ENGINE).SessionStore(key)
    user = get_user(request)
    if isinstance(user, AnonymousUser):
        return None
    return user, credentials.session(user, key, credentials.session_expiry(key))


def shows_credentials(headers: Mapping[str, str]) -> bool:
    """Whether a request brings credentials, good or bad."""
    return "authorization" in headers or settings.SESSION_COOKIE_NAME in parse_cookie(
        headers.get("cookie", "")
    )


def open_access_user() -> Any:
    """The demo reviewer, when HITL_OPEN_ACCESS is on and that user exists."""
    if not settings.HITL_OPEN_ACCESS:
        return None
    return get_user_model().objects.filter(username=DEMO_REVIEWER, is_active=True).first()
