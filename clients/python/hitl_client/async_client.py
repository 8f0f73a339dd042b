"""The client for asyncio: it performs the steps in the running loop."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx
from websockets.asyncio.client import ClientConnection, connect

from hitl_client.base import NO_SOCKET, BaseClient, ended_by
from hitl_client.calls import Call, Listing
from hitl_client.exchange import exchange
from hitl_client.model import Message
from hitl_client.records import Position
from hitl_client.steps import Close, Deliver, Ended, Open, Receive, Send, Sleep, Steps, Transmit

T = TypeVar("T")


class AsyncClient(BaseClient):
    """Calls a console, and follows its channels, without blocking.

    async with AsyncClient("https://hitl.example.com", token) as hitl:
        async for item in hitl.queue(severity="CRITICAL"):
            print(item.apv_code, item.package_name)
    """

    def _start(self) -> None:
        self._http = httpx.AsyncClient(**self._http_options())

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections of calls."""
        await self._http.aclose()

    async def perform(self, call: Call[T]) -> T:
        """Perform a call, and return what it says."""
        outcome: Any = None
        steps = exchange(call, self.server, self.patience)
        while True:
            try:
                step = steps.send(outcome)
            except StopIteration as end:
                found: T = end.value
                return found
            outcome = await self._perform(step)

    async def walk(self, rows: Listing[T]) -> AsyncIterator[T]:
        """Yield all rows of a list."""
        page = await self.perform(rows.page(None))
        for item in page.items:
            yield item
        while page.next is not None:
            page = await self.perform(rows.page(page.next))
            for item in page.items:
                yield item

    def follow(
        self,
        *channels: str,
        since: Mapping[str, Position] | None = None,
        positions: Path | str | None = None,
    ) -> AsyncGenerator[Message, None]:
        """Yield the events of channels as they come, for ever, as `Client.follow` does."""
        return self._deliver(self._following(channels, since, positions))

    async def _deliver(self, steps: Steps[None]) -> AsyncGenerator[Message, None]:
        outcome: Any = None
        async with _Socket(self) as socket:
            while True:
                step = steps.send(outcome)
                if isinstance(step, Deliver):
                    yield step.message
                    outcome = None
                else:
                    outcome = await socket.perform(step)

    async def _perform(self, step: Send | Sleep) -> httpx.Response | httpx.RequestError | None:
        if isinstance(step, Sleep):
            await asyncio.sleep(step.seconds)
            return None
        try:
            return await self._http.request(**step.options())
        except httpx.RequestError as error:
            return error


class _Socket(contextlib.AsyncExitStack):
    """The socket of one follower. Leaving it closes the connection."""

    _connection: ClientConnection

    def __init__(self, client: BaseClient) -> None:
        super().__init__()
        self._client = client

    async def perform(self, step: Open | Transmit | Receive | Close | Sleep) -> str | Ended | None:
        match step:
            case Open():
                return await self._open(step)
            case Receive():
                return await self._receive(step)
            case Transmit():
                with contextlib.suppress(*NO_SOCKET):  # the next Receive says so
                    await self._connection.send(step.text)
            case Close():
                await self.aclose()
            case Sleep():
                await asyncio.sleep(step.seconds)
        return None

    async def _open(self, step: Open) -> Ended | None:
        options = self._client._socket_options(step)
        try:
            self._connection = await self.enter_async_context(connect(**options))
        except NO_SOCKET as error:
            return ended_by(error)
        return None

    async def _receive(self, step: Receive) -> str | Ended | None:
        try:
            async with asyncio.timeout(step.seconds):
                return await self._connection.recv(decode=True)
        except TimeoutError:
            return None
        except NO_SOCKET as error:
            return ended_by(error)
