"""Look up the users of the sockets that wait to be let in, all of them together."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import InterfaceError, OperationalError

from realtime import access
from realtime.access import Identity, InvalidToken
from realtime.batches import Batches
from realtime.database_threads import for_sockets

Scope = Mapping[str, Any]


class Admission:
    """Authenticates sockets; those that come while others are looked up share the next look."""

    def __init__(self) -> None:
        self._looks = Batches(_look_up)

    async def identity_of(self, scope: Scope) -> Identity:
        """Return the identity of a socket's scope. Raise InvalidToken or DatabaseError."""
        return await self._looks.result_of(scope)


async def _look_up(scopes: Sequence[Scope]) -> list[Identity | Exception]:
    """Return what each of `scopes` is told.

    If they cannot be looked up together, one of them may be the cause, and not the database.
    """
    try:
        found = await for_sockets(access.authenticate)(scopes)
    except (OperationalError, InterfaceError):
        raise
    except Exception as error:
        if len(scopes) == 1:
            return [error]
        return [told for one in scopes for told in await _look_up([one])]
    nobody = InvalidToken("There are no valid credentials.")
    return [identity or nobody for identity in found]
