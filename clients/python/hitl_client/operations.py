"""What both clients can do: each call is declared once, and performed in the client's own way."""

import functools
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, TypeVar, overload

from hitl_client import calls
from hitl_client.calls import Call, Listing

if TYPE_CHECKING:
    from hitl_client.async_client import AsyncClient
    from hitl_client.client import Client

P = ParamSpec("P")
T = TypeVar("T")


class operation(Generic[P, T]):  # noqa: N801 — it is used like a decorator
    """A method that performs a call: `Client` returns what it says, `AsyncClient` an awaitable."""

    def __init__(self, build: Callable[P, Call[T]]) -> None:
        self._build = build
        self.__doc__ = build.__doc__

    @overload
    def __get__(self, client: "Client", owner: type) -> Callable[P, T]: ...
    @overload
    def __get__(self, client: "AsyncClient", owner: type) -> Callable[P, Awaitable[T]]: ...
    @overload
    def __get__(self, client: None, owner: type) -> "operation[P, T]": ...
    def __get__(self, client: Any, owner: type) -> Any:
        if client is None:
            return self

        @functools.wraps(self._build)
        def perform(*args: P.args, **options: P.kwargs) -> Any:
            return client.perform(self._build(*args, **options))

        return perform


class listing(Generic[P, T]):  # noqa: N801 — likewise
    """A method that walks a list: `Client` returns an iterator, `AsyncClient` an async one."""

    def __init__(self, build: Callable[P, Listing[T]]) -> None:
        self._build = build
        self.__doc__ = build.__doc__

    @overload
    def __get__(self, client: "Client", owner: type) -> Callable[P, Iterator[T]]: ...
    @overload
    def __get__(self, client: "AsyncClient", owner: type) -> Callable[P, AsyncIterator[T]]: ...
    @overload
    def __get__(self, client: None, owner: type) -> "listing[P, T]": ...
    def __get__(self, client: Any, owner: type) -> Any:
        if client is None:
            return self

        @functools.wraps(self._build)
        def walk(*args: P.args, **options: P.kwargs) -> Any:
            return client.walk(self._build(*args, **options))

        return walk


class Operations:
    """The calls of REST as methods."""

    add_apv = operation(calls.add_apv)
    add_apvs = operation(calls.add_apvs)
    change_evidence = operation(calls.change_evidence)
    apv = operation(calls.apv)
    apvs = listing(calls.apvs)
    apvs_page = operation(calls.apvs_page)
    queue = listing(calls.queue)
    queue_page = operation(calls.queue_page)
    stats = operation(calls.stats)
    decide = operation(calls.decide)
    decision = operation(calls.decision)
    decisions = listing(calls.decisions)
    decisions_page = operation(calls.decisions_page)
    history = listing(calls.history)
    history_page = operation(calls.history_page)
    retract = operation(calls.retract)
    report_outcome = operation(calls.report_outcome)
    ticket = operation(calls.ticket)
