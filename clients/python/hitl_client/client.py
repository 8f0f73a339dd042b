"""The client that blocks: it performs the steps in the caller's thread."""

import contextlib
import time
from collections.abc import Generator, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx
from websockets.sync.client import ClientConnection, connect

from hitl_client.base import NO_SOCKET, BaseClient, ended_by
from hitl_client.calls import Call, Listing
from hitl_client.exchange import exchange
from hitl_client.model import Message
from hitl_client.records import Position
from hitl_client.steps import Close, Deliver, Ended, Open, Receive, Send, Sleep, Steps, Transmit

T = TypeVar("T")


class Client(BaseClient):
    """Calls a console, and follows its channels.

    with Client("https://hitl.example.com", token) as hitl:
        for item in hitl.queue(severity="CRITICAL"):
            print(item.apv_code, item.package_name)
    """

    def _start(self) -> None:
        self._http = httpx.Client(**self._http_options())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections of calls."""
        self._http.close()

    def perform(self, call: Call[T]) -> T:
        """Perform a call, and return what it says."""
        outcome: Any = None
        steps = exchange(call, self.server, self.patience)
        while True:
            try:
                step = steps.send(outcome)
            except StopIteration as end:
                found: T = end.value
                return found
            outcome = self._perform(step)

    def walk(self, rows: Listing[T]) -> Iterator[T]:
        """Yield all rows of a list."""
        page = self.perform(rows.page(None))
        yield from page.items
        while page.next is not None:
            page = self.perform(rows.page(page.next))
            yield from page.items

    def follow(
        self,
        *channels: str,
        since: Mapping[str, Position] | None = None,
        positions: Path | str | None = None,
    ) -> Generator[Message, None, None]:
        """Yield the events of channels as they come, for ever: each at least once, in order.

        It begins now; or after the positions of `since`, such as those of a page; or where it left
        off, if there is a file `positions`. That file has the position of an event once the next
        one is asked for, so one whose handling was cut off comes again.

        Yields a Reload where events are lost to it, and the channel's list must be read again.
        Connects again for ever; raises SignedOut, Forbidden or Unreachable if that cannot help.
        """
        return self._deliver(self._following(channels, since, positions))

    def _deliver(self, steps: Steps[None]) -> Generator[Message, None, None]:
        outcome: Any = None
        with _Socket(self) as socket:
            while True:
                step = steps.send(outcome)
                if isinstance(step, Deliver):
                    yield step.message
                    outcome = None
                else:
                    outcome = socket.perform(step)

    def _perform(self, step: Send | Sleep) -> httpx.Response | httpx.RequestError | None:
        if isinstance(step, Sleep):
            time.sleep(step.seconds)
            return None
        try:
            return self._http.request(**step.options())
        except httpx.RequestError as error:
            return error


class _Socket(contextlib.ExitStack):
    """The socket of one follower. Leaving it closes the connection."""

    _connection: ClientConnection

    def __init__(self, client: BaseClient) -> None:
        super().__init__()
        self._client = client

    def perform(self, step: Open | Transmit | Receive | Close | Sleep) -> str | Ended | None:
        match step:
            case Open():
                return self._open(step)
            case Receive():
                return self._receive(step)
            case Transmit():
                with contextlib.suppress(*NO_SOCKET):  # the next Receive says so
                    self._connection.send(step.text)
            case Close():
                self.close()
            case Sleep():
                time.sleep(step.seconds)
        return None

    def _open(self, step: Open) -> Ended | None:
        options = self._client._socket_options(step)
        try:
            self._connection = self.enter_context(connect(**options))
        except NO_SOCKET as error:
            return ended_by(error)
        return None

    def _receive(self, step: Receive) -> str | Ended | None:
        try:
            return self._connection.recv(step.seconds, decode=True)
        except TimeoutError:
            return None
        except NO_SOCKET as error:
            return ended_by(error)
