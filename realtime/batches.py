"""Do something for many at once: those that come meanwhile share the next time."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

AT_ONCE = 100
TURNS = 4
"""How many turns of the event loop a batch waits for others.

A crowd comes over several turns. While nothing happens, they take no time.
"""


class Batches(Generic[Item, Result]):
    """Calls `handle` with the items that wait, one batch after another.

    It returns a result or an exception for each item. If it raises, all of the batch get that.
    """

    def __init__(
        self, handle: Callable[[Sequence[Item]], Awaitable[Sequence[Result | Exception]]]
    ) -> None:
        self._handle = handle
        self._waiting: list[tuple[Item, asyncio.Future[Result]]] = []
        self._batch: asyncio.Task[None] | None = None

    async def result_of(self, item: Item) -> Result:
        """Return the result for `item`, or raise it."""
        found: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, found))
        self._go_on()
        return await found

    def _go_on(self) -> None:
        """Handle those that wait, unless others are handled: then after them."""
        if self._batch is None and self._waiting:
            self._batch = asyncio.create_task(self._handle_waiting())
            self._batch.add_done_callback(self._end)

    def _end(self, _: "asyncio.Task[None]") -> None:
        self._batch = None
        self._go_on()

    async def _handle_waiting(self) -> None:
        for _ in range(TURNS):
            await asyncio.sleep(0)
        some, self._waiting = self._waiting[:AT_ONCE], self._waiting[AT_ONCE:]
        batch = [one for one in some if not one[1].done()]  # without those that have gone
        for waiting, result in await self._results(batch):
            _settle(waiting, result)
            await asyncio.sleep(0)  # let open sockets write

    async def _results(
        self, batch: Sequence[tuple[Item, "asyncio.Future[Result]"]]
    ) -> "list[tuple[asyncio.Future[Result], Result | Exception]]":
        """Return what each is told; if `handle` fails in any way, all are told so."""
        waiting = [one for _, one in batch]
        try:
            results = await self._handle([item for item, _ in batch])
            return list(zip(waiting, results, strict=True))
        except Exception as error:
            return [(one, error) for one in waiting]


def _settle(waiting: "asyncio.Future[Result]", result: Result | Exception) -> None:
    if waiting.done():  # the client has gone
        return
    if isinstance(result, Exception):
        waiting.set_exception(result)
    else:
        waiting.set_result(result)
