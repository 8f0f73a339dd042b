"""A right that is lost while its user is looked up: no socket opens and keeps it."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from realtime import access
from realtime.access import Identity, Proof
from realtime.open_sockets import OpenSockets
from realtime.revocation import Revocation
from realtime.socket.close_codes import CloseCode
from tests.support.waiting import until


class Opened:
    """Stands in for the consumer: a socket that knows whether it was closed."""

    def __init__(self, user_id: int) -> None:
        self.identity = Identity(f"user {user_id}", frozenset(), Proof("x", user_id))
        self.subscribed: set[str] = set()
        self.expelled = False

    def expel(self, code: CloseCode, reason: str = "") -> None:
        self.expelled = True

    def check(self, now: float) -> None:
        """Do nothing."""


@pytest.fixture
def sockets() -> OpenSockets:
    return OpenSockets()


@pytest.fixture
async def revocation(
    sockets: OpenSockets, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Revocation]:
    """Every user has lost everything."""
    monkeypatch.setattr(access, "identities", lambda proofs: {})
    found = Revocation(sockets)
    task = asyncio.create_task(found.run())
    yield found
    task.cancel()


async def closed(sockets: OpenSockets, revocation: Revocation, user_id: int) -> Opened:
    """Open a socket before a recheck of its user, which closes it."""
    found = Opened(user_id)
    sockets.add(found)
    revocation.recheck([user_id])
    await until(lambda: found.expelled)
    return found


async def test_a_recheck_before_the_socket_opened_is_made_up_for(
    sockets: OpenSockets, revocation: Revocation
) -> None:
    await closed(sockets, revocation, 1)
    looked_up_at = revocation.rechecks
    revocation.recheck([2])
    await closed(sockets, revocation, 1)  # so the check of user 2 has found no socket
    late = Opened(2)
    sockets.add(late)
    revocation.watch(late, since=looked_up_at)
    await until(lambda: late.expelled)


async def test_without_a_recheck_meanwhile_nobody_is_checked_again(
    sockets: OpenSockets, revocation: Revocation
) -> None:
    await closed(sockets, revocation, 1)
    opened = Opened(2)
    sockets.add(opened)
    revocation.watch(opened, since=revocation.rechecks)
    await closed(sockets, revocation, 1)
    assert not opened.expelled
