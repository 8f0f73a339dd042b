"""Look up the users of the sockets that wait to be let in, all of them together."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import InterfaceError, OperationalError

from realtime import access
from realtime.access import Identity, InvalidToken
from realtime.database_threads import for_sockets

AT_ONCE = 100

Scope = Mapping[str, Any]
Waiting = tuple[Scope, "asyncio.Future[Identity]"]


class Admission:
    """Authenticates sockets; those that come while others are looked up share the next look."""

    def __init__(self) -> None:
        self._waiting: list[Waiting] = []
        self._look: asyncio.Task[None] | None = None

    async def identity_of(self, scope: Scope) -> Identity:
        """Return the identity of a socket's scope. Raise InvalidToken or DatabaseError."""
        found: asyncio.Future[Identity] = asyncio.get_running_loop().create_future()
        self._waiting.append((scope, found))
        self._go_on()
        return await found

    def _go_on(self) -> None:
        """Look up those that wait, unless others are looked up: then after them."""
        if self._look is None and self._waiting:
            self._look = asyncio.create_task(self._look_up_waiting())
            self._look.add_done_callback(self._end)

    def _end(self, _: "asyncio.Task[None]") -> None:
        self._look = None
        self._go_on()

    async def _look_up_waiting(self) -> None:
        batch, self._waiting = self._waiting[:AT_ONCE], self._waiting[AT_ONCE:]
        await self._look_up([one for one in batch if not one[1].done()])

    async def _look_up(self, batch: Sequence[Waiting]) -> None:
        """Settle what each of a batch waits for.

        If they cannot be looked up together, one of them may be the cause, and not the database.
        """
        try:
            found = await for_sockets(access.authenticate)([scope for scope, _ in batch])
        except Exception as error:
            if len(batch) == 1 or isinstance(error, OperationalError | InterfaceError):
                for _, waiting in batch:
                    _settle(waiting, error)
            else:
                for one in batch:
                    await self._look_up([one])
        else:
            for (_, waiting), identity in zip(batch, found, strict=True):
                _settle(waiting, identity or InvalidToken("There are no valid credentials."))
                await asyncio.sleep(0)  # let open sockets write


def _settle(waiting: "asyncio.Future[Identity]", result: Identity | Exception) -> None:
    if waiting.done():  # the client has gone
        return
    if isinstance(result, Exception):
        waiting.set_exception(result)
    else:
        waiting.set_result(result)
