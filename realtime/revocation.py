"""Close open sockets when their users lose the credential or the permission they depend on.

An app that checks credentials announces whom to check again, and each process then checks the
sockets of those users. Once a minute it checks all sockets, in a constant number of queries, to
find changes that were not announced. It also checks each socket when its credential expires.
"""

import asyncio
import contextlib
import math
import time
from collections.abc import Collection, Iterable

from realtime import access, clock
from realtime.access import Identity, Proof
from realtime.database_threads import for_sockets
from realtime.open_sockets import OpenSockets, Socket
from realtime.socket.close_codes import FORBIDDEN, UNAUTHORIZED

EVERYBODY_SECONDS = 55.0
"""How often everybody is checked: a minute, less the time that may take."""


class Revocation:
    """Checks the rights of the users of open sockets, and closes sockets that have lost theirs."""

    def __init__(self, sockets: OpenSockets) -> None:
        self._sockets = sockets
        self._users: set[int] = set()
        """Whom to check soon, by id."""
        self._everybody_at = 0.0  # on the monotonic clock
        self._expires_at = math.inf  # when the first proof expires, on the wall clock
        self._woken = asyncio.Event()
        self.rechecks = 0
        """How many rechecks were asked for; `watch` tells by it what it came too late for."""

    def watch(self, socket: Socket, *, since: int) -> None:
        """Watch a socket; `since` is the value of `rechecks` before its user was looked up."""
        proof = socket.identity.proof
        if since != self.rechecks:  # a recheck of this user may have run meanwhile
            self._users.add(proof.user_id)
            self._woken.set()
        self._expect_end(proof)

    def _expect_end(self, proof: Proof) -> None:
        """Check a user again at the moment the proof expires."""
        if proof.expires_at is not None and proof.expires_at < self._expires_at:
            self._expires_at = proof.expires_at
            self._woken.set()

    def recheck(self, users: Iterable[int] | None) -> None:
        """Check soon the sockets of `users`, by id; None means everybody."""
        self.rechecks += 1
        if users is None:
            self._everybody_at = 0.0
        else:
            self._users.update(users)
        self._woken.set()

    async def run(self) -> None:
        """Check users as requested, and everybody once a minute. Never return."""
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._seconds_left()):
                    await self._woken.wait()
            self._woken.clear()
            try:
                await self._check(self._due())
            except Exception:
                self._everybody_at = 0.0  # try them again
                raise

    def _seconds_left(self) -> float:
        return max(
            0.0, min(self._everybody_at - time.monotonic(), self._expires_at - clock.seconds())
        )

    def _due(self) -> list[Socket]:
        """Return the sockets to check now."""
        if time.monotonic() >= self._everybody_at:
            self._everybody_at = time.monotonic() + EVERYBODY_SECONDS
            self._users.clear()
            self._expired()  # also records the next expiry
            return self._sockets.all()
        users, self._users = self._users, set()
        if clock.seconds() >= self._expires_at:
            users |= self._expired()
        return [socket for user in users for socket in self._sockets.of_user(user)]

    def _expired(self) -> set[int]:
        """Return the users with an expired proof; record when the next one expires."""
        proofs = [one.identity.proof for one in self._sockets.all()]
        dated = [(proof.expires_at, proof.user_id) for proof in proofs if proof.expires_at]
        now = clock.seconds()
        self._expires_at = min((when for when, _ in dated if when > now), default=math.inf)
        return {user for when, user in dated if when <= now}

    async def _check(self, sockets: Collection[Socket]) -> None:
        if sockets:
            proofs = {socket.identity.proof for socket in sockets}
            identities = await for_sockets(access.identities)(proofs)
            for socket in sockets:
                _settle(socket, identities.get(socket.identity.proof))
            for identity in identities.values():  # their credential may have been extended
                self._expect_end(identity.proof)


def _settle(socket: Socket, identity: Identity | None) -> None:
    """Let a socket continue as `identity`, or close it."""
    if identity is None:
        socket.expel(UNAUTHORIZED)
    elif lost := sorted(socket.subscribed - identity.channels):
        socket.expel(FORBIDDEN, f"You may no longer read: {', '.join(lost)}")
    else:
        socket.identity = identity
