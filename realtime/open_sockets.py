"""The open sockets of this process, by user, and their limits."""

from typing import Protocol

from django.conf import settings

from realtime.access import Identity
from realtime.socket.close_codes import CloseCode


class Socket(Protocol):
    """An open socket, as far as its rights are concerned."""

    identity: Identity
    subscribed: set[str]

    def expel(self, code: CloseCode, reason: str = "") -> None:
        """Close the socket at once; not one event may follow."""

    def check(self, now: float) -> None:
        """Close the socket if it was open or silent for too long, or its client does not read."""


class OpenSockets:
    """A registry of open sockets with limits."""

    def __init__(self) -> None:
        self._of_user: dict[int, set[Socket]] = {}
        self._count = 0

    def is_full(self) -> bool:
        """Return whether this process takes no more sockets."""
        return self._count >= settings.HITL_WS_MAX_CONNECTIONS

    def has_room_for(self, identity: Identity) -> bool:
        """Return whether this user may open one more socket."""
        if identity.proof.shared:
            return not self.is_full()  # all of them are one user
        open_already = len(self.of_user(identity.proof.user_id))
        return not self.is_full() and open_already < settings.HITL_WS_MAX_PER_USER

    def all(self) -> list[Socket]:
        return [socket for some in self._of_user.values() for socket in some]

    def of_user(self, user_id: int) -> set[Socket]:
        return self._of_user.get(user_id, set())

    def add(self, socket: Socket) -> None:
        self._of_user.setdefault(socket.identity.proof.user_id, set()).add(socket)
        self._count += 1

    def discard(self, socket: Socket) -> None:
        user_id = socket.identity.proof.user_id
        sockets = self._of_user[user_id]
        sockets.remove(socket)
        self._count -= 1
        if not sockets:
            del self._of_user[user_id]
