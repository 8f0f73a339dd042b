"""Who is on a socket and what they may read, as far as sockets need to know.

Another app lets people in. It registers how when it is ready.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple


class InvalidToken(Exception):
    """A token that lets nobody in: unknown, expired, revoked, or its user was disabled."""


@dataclass(frozen=True, slots=True)
class Proof:
    """What a user got in by: enough to find out later whether it still lets them in.

    `kind` is the kind of credential, `key` tells the proof from others of its kind. `auth_hash`
    stands for the password of then, where the proof ends with it. `expires_at`, if it ever does, is
    in Unix seconds. A `shared` one stands for many people.
    """

    kind: str
    user_id: int
    key: str = field(default="", repr=False)
    auth_hash: str = field(default="", repr=False)
    expires_at: float | None = None
    shared: bool = False

    def has_expired(self, now: float) -> bool:
        """Whether its time was up at `now`, in Unix seconds."""
        return self.expires_at is not None and self.expires_at <= now


@dataclass(frozen=True, slots=True)
class Identity:
    """A user on a socket, the channels they may read, and what they got in by."""

    username: str
    channels: frozenset[str]
    proof: Proof


class Access(NamedTuple):
    """How sockets are let in.

    `authenticate` returns the identity behind an ASGI scope, and raises InvalidToken when that
    shows nothing good. `identities` returns those of many proofs that are still good, in a constant
    number of queries.
    """

    authenticate: Callable[[Mapping[str, Any]], Identity]
    identities: Callable[[Collection[Proof]], dict[Proof, Identity]]


def register(access: Access) -> None:
    """Let sockets in by `access`."""
    global _access
    _access = access


_access: Access | None = None


def authenticate(scope: Mapping[str, Any]) -> Identity:
    """Return the identity behind a socket's scope. Raises InvalidToken."""
    return _registered().authenticate(scope)


def identities(proofs: Collection[Proof]) -> dict[Proof, Identity]:
    """Return who may go on by those of `proofs` that are still good, and what they may read now."""
    return _registered().identities(proofs)


def _registered() -> Access:
    assert _access is not None, "no app lets sockets in: see realtime.access.register"
    return _access
