"""The size limit of a request's body, which is small until the sender is known.

The sender is looked up when a body is larger than an anonymous client may send, and before more of
it is read.
"""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from typing import TYPE_CHECKING, NamedTuple

from django.conf import settings
from django.db import InterfaceError, OperationalError

from accounts import credentials
from hitl_project.servers.asgi_types import Scope
from realtime.access import InvalidToken
from realtime.database_threads import run_in
from realtime.socket.origins import headers_of

if TYPE_CHECKING:
    from django.contrib.auth.models import User

ANYBODY_BYTES = 64 * 1024
"""What anybody may send, signed in or not; no form of a sign-in or a decision needs more."""
USER_BYTES = 4 * 1024 * 1024
"""What users may send: a form with a diff of 1 MiB, each byte written as `%0A`, and the rest."""
APVS_PATH, ADD_APV = f"{settings.API_PREFIX}apvs", "reviews.add_apv"
"""Where lists of APVs are posted, and who may do so."""
TOKENS_PATH = f"{settings.API_PREFIX}token"
"""Below it nobody is signed in: what callers show stands in the body."""
THREADS = 1
"""How many connections to the database looking up senders takes."""


class Bound(NamedTuple):
    """The largest accepted size of a body, and how to refuse a larger one."""

    most: int
    refusal: HTTPStatus


def for_anybody() -> Bound:
    """Return the limit before the sender is known."""
    return Bound(ANYBODY_BYTES, HTTPStatus.REQUEST_ENTITY_TOO_LARGE)


def for_sender(scope: Scope) -> Bound:
    """Look up who sends a request, by its credentials, and return their limit."""
    path = scope["path"].rstrip("/")
    if path == TOKENS_PATH or path.startswith(f"{TOKENS_PATH}/"):
        return for_anybody()
    try:
        user = _sender(headers_of(scope))
        may_add = user is not None and path == APVS_PATH and user.has_perm(ADD_APV)
    except (OperationalError, InterfaceError):
        return Bound(ANYBODY_BYTES, HTTPStatus.SERVICE_UNAVAILABLE)
    if user is None:
        return for_anybody()._replace(refusal=_refusal_of_nobody(path))
    most = settings.HITL_MAX_BODY_BYTES
    return Bound(most if may_add else min(USER_BYTES, most), HTTPStatus.REQUEST_ENTITY_TOO_LARGE)


look_up = run_in(ThreadPoolExecutor(THREADS, thread_name_prefix="bodies"), for_sender)
"""The async form of `for_sender`, on a thread of its own: a crowd that asks holds up nobody."""


def _sender(headers: Mapping[str, str]) -> "User | None":
    """Return the active user whose credentials are in `headers`, or None."""
    try:
        user: User = credentials.open_headers(headers)[0]
    except InvalidToken:
        return None
    return user


def _refusal_of_nobody(path: str) -> HTTPStatus:
    """Return the refusal for a client that is not signed in.

    A program with an expired token must learn that, and not that its list is too long.
    """
    is_rest = path.startswith(settings.API_PREFIX)
    return HTTPStatus.UNAUTHORIZED if is_rest else HTTPStatus.REQUEST_ENTITY_TOO_LARGE
