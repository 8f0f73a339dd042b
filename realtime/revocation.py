"""What becomes of open sockets when their users lose what let them in, or what they may read.

Rows that say so are translated into messages by `realtime/signals.py`; each process then looks at
the sockets of the users concerned. It looks at all of them once a minute too, for what no message
told of, in a constant number of queries, and at each one in the moment in which its credential
expires.
"""

import asyncio
import contextlib
import math
import time
from collections.abc import Collection, Iterable
from typing import Protocol

from django.conf import settings

from realtime import auth
from realtime.credentials import Proof
from realtime.history import for_sockets

UNAUTHORIZED = 4401
FORBIDDEN = 4403
EVERYBODY_SECONDS = 55.0
"""How often everybody is looked at: a minute, less the time that may take."""


class Socket(Protocol):
    """An open socket, as far as its rights go."""

    identity: auth.Identity
    subscribed: set[str]

    def expel(self, code: int, reason: str) -> None:
        """End the socket at once; not one event may follow."""

    def check(self, now: float) -> None:
        """End the socket if it has been open or silent for too long, or is not read."""


class OpenSockets:
    """The open sockets of this process, by user."""

    def __init__(self) -> None:
        self._of_user: dict[int, set[Socket]] = {}
        self._count = 0
        self._doubtful: set[int] = set()
        self._everybody_at = 0.0  # by the monotonic clock
        self._expires_at = math.inf  # the soonest proof to expire, by the wall clock
        self._woken = asyncio.Event()
        self.doubts = 0
        """How many times somebody was doubted; `add` tells by it what it came too late for."""

    def is_full(self) -> bool:
        """Whether this process takes no more sockets."""
        return self._count >= settings.HITL_WS_MAX_CONNECTIONS

    def has_room_for(self, identity: auth.Identity) -> bool:
        """Whether one more socket of this user may open."""
        if identity.proof.kind == "open_access":
            return not self.is_full()  # they all are one user
        open_already = len(self._of_user.get(identity.proof.user_id, ()))
        return not self.is_full() and open_already < settings.HITL_WS_MAX_PER_USER

    def all(self) -> list[Socket]:
        return [socket for some in self._of_user.values() for socket in some]

    def add(self, socket: Socket, *, doubts: int) -> None:
        """Watch over a socket; `doubts` is what it was before its user was looked at."""
        proof = socket.identity.proof
        self._of_user.setdefault(proof.user_id, set()).add(socket)
        self._count += 1
        if doubts != self.doubts:  # the doubt may have been about this user, and is settled
            self._doubtful.add(proof.user_id)
            self._woken.set()
        self._expect_end(proof)

    def _expect_end(self, proof: Proof) -> None:
        """Look at a user again in the moment in which the proof expires."""
        if proof.expires_at is not None and proof.expires_at < self._expires_at:
            self._expires_at = proof.expires_at
            self._woken.set()

    def discard(self, socket: Socket) -> None:
        user_id = socket.identity.proof.user_id
        sockets = self._of_user[user_id]
        sockets.remove(socket)
        self._count -= 1
        if not sockets:
            del self._of_user[user_id]

    def doubt(self, users: Iterable[int] | None) -> None:
        """Look soon at the sockets of `users`, by id; None means everybody."""
        self.doubts += 1
        if users is None:
            self._everybody_at = 0.0
        else:
            self._doubtful.update(users)
        self._woken.set()

    async def watch(self) -> None:
        """Look at whom there is doubt about, and at everybody once a minute; goes on for ever."""
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._seconds_left()):
                    await self._woken.wait()
            self._woken.clear()
            try:
                await self._look_at(self._doubted())
            except Exception:
                self._everybody_at = 0.0  # nobody is forgotten
                raise

    def _seconds_left(self) -> float:
        return max(0.0, min(self._everybody_at - time.monotonic(), self._expires_at - time.time()))

    def _doubted(self) -> list[Socket]:
        """The sockets to look at now."""
        users, self._doubtful = self._doubtful, set()
        if time.time() >= self._expires_at:
            users |= self._expired()
        if time.monotonic() >= self._everybody_at:
            self._everybody_at = time.monotonic() + EVERYBODY_SECONDS
            users = set(self._of_user)
        return [socket for user in users for socket in self._of_user.get(user, ())]

    def _expired(self) -> set[int]:
        """The users with a proof that has expired; notes when the next one will."""
        proofs = [one.identity.proof for some in self._of_user.values() for one in some]
        dated = [(proof.expires_at, proof.user_id) for proof in proofs if proof.expires_at]
        now = time.time()
        self._expires_at = min((when for when, _ in dated if when > now), default=math.inf)
        return {user for when, user in dated if when <= now}

    async def _look_at(self, sockets: Collection[Socket]) -> None:
        if sockets:
            proofs = {socket.identity.proof for socket in sockets}
            identities = await for_sockets(auth.identities)(proofs)
            for socket in sockets:
                _settle(socket, identities.get(socket.identity.proof))
            for identity in identities.values():  # what lets them in may have been prolonged
                self._expect_end(identity.proof)


def _settle(socket: Socket, identity: auth.Identity | None) -> None:
    """Let a socket go on as `identity`, or end it."""
    if identity is None:
        socket.expel(UNAUTHORIZED, "Signed out, or not let in any more")
    elif lost := sorted(socket.subscribed - identity.channels):
        socket.expel(FORBIDDEN, f"You may no longer read: {', '.join(lost)}")
    else:
        socket.identity = identity
