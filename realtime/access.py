"""The interface through which sockets authenticate and learn what a user may read.

Another app checks credentials. It registers its functions when it is ready.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple


class InvalidToken(Exception):
    """A token that is not valid: unknown, expired, revoked, or of a disabled user."""


@dataclass(frozen=True, slots=True)
class Proof:
    """What a user authenticated by: enough to check later whether it is still valid.

    `kind` is the kind of credential; `key` identifies the proof among others of its kind.
    `auth_hash` stands for the password at that time, if a new password ends the proof. `expires_at`
    is in Unix seconds, or None. A `shared` proof stands for many people.
    """

    kind: str
    user_id: int
    key: str = field(default="", repr=False)
    auth_hash: str = field(default="", repr=False)
    expires_at: float | None = None
    shared: bool = False

    def has_expired(self, now: float) -> bool:
        """Return whether it had expired at `now`, in Unix seconds."""
        return self.expires_at is not None and self.expires_at <= now


@dataclass(frozen=True, slots=True)
class Identity:
    """The user of a socket, the channels they may read, and their proof."""

    username: str
    channels: frozenset[str]
    proof: Proof


class Access(NamedTuple):
    """The functions that authenticate sockets.

    `authenticate` returns the identity of each of many ASGI scopes, None for one without valid
    credentials. `identities` returns the identities of those of many proofs that are still valid.
    Both take a constant number of queries.
    """

    authenticate: Callable[[Sequence[Mapping[str, Any]]], list[Identity | None]]
    identities: Callable[[Collection[Proof]], dict[Proof, Identity]]


def register(access: Access) -> None:
    """Authenticate sockets by `access`."""
    global _access
    _access = access


_access: Access | None = None


def authenticate(scopes: Sequence[Mapping[str, Any]]) -> list[Identity | None]:
    """Return the identity of each socket's scope, None without valid credentials."""
    return _registered().authenticate(scopes)


def identities(proofs: Collection[Proof]) -> dict[Proof, Identity]:
    """Return the identities of those of `proofs` that are still valid, with readable channels."""
    return _registered().identities(proofs)


def _registered() -> Access:
    assert _access is not None, "no app lets sockets in: see realtime.access.register"
    return _access
