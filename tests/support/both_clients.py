"""The Python client's two classes, called in one way: each call waits for what it says."""

import asyncio
import contextlib
import inspect
from collections.abc import AsyncGenerator, Callable, Iterator
from typing import Any

from hitl_client import AsyncClient, Client


class EachClient:
    """A `Client` or an `AsyncClient`. Its lists come whole."""

    def __init__(self, kind: type[Client] | type[AsyncClient], *args: Any, **options: Any) -> None:
        self._runner = asyncio.Runner()
        self._client = kind(*args, **options)

    def __getattr__(self, name: str) -> Any:
        def call(*args: Any, **options: Any) -> Any:
            return self._awaited(getattr(self._client, name)(*args, **options))

        return call

    def _awaited(self, found: Any) -> Any:
        if isinstance(found, AsyncGenerator):
            return self._runner.run(collected(found))
        if inspect.iscoroutine(found):
            return self._runner.run(found)
        return list(found) if isinstance(found, Iterator) else found

    def followed(self, count: int, *channels: str, **options: Any) -> list[Any]:
        """Return the first messages of channels, all but the last of them as handled."""
        found = self._client.follow(*channels, **options)
        if isinstance(found, AsyncGenerator):
            return self._runner.run(collected(found, count))
        with contextlib.closing(found):
            return [next(found) for _ in range(count)]

    def __enter__(self) -> "EachClient":
        return self

    def __exit__(self, *_: object) -> None:
        self._awaited(self._client.close())
        self._runner.close()


Connect = Callable[..., EachClient]
"""Makes a client for a user and, if given, an address."""


async def collected(found: AsyncGenerator[Any, None], most: int | None = None) -> list[Any]:
    """Return what an iterator has, or the first `most` of it."""
    heard: list[Any] = []
    async with contextlib.aclosing(found):
        async for one in found:
            heard.append(one)
            if len(heard) == most:
                break
    return heard
