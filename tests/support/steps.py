"""The steps of what a thread does: each request to a forge, and each change of the database.

A process may die before any of them and after any of them. Nothing in the product knows of it.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any

import httpx
from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper

Reach = Callable[[str], object]
"""Called with the words for each step; it may raise, or end the process."""
_here = threading.local()


@contextmanager
def told_of_steps(reach: Reach) -> Iterator[None]:
    """Call `reach` before and after each step of this thread, until the end of `with`."""
    _here.reach = reach
    try:
        with connection.execute_wrapper(_around_statement):
            yield
    finally:
        _here.reach = None


@contextmanager
def steps_are_told(*, commits: str = "commit") -> Iterator[None]:
    """Let `told_of_steps` work in this process.

    `commits` is the method of a connection that ends a transaction: in a test that is a transaction
    itself, `savepoint_commit`.
    """
    before = [(httpx.Client, "send"), (BaseDatabaseWrapper, commits)]
    kept = [(owner, name, getattr(owner, name)) for owner, name in before]
    httpx.Client.send = _between(httpx.Client.send, _words_of_request)  # type: ignore[method-assign]
    ended = _between(getattr(BaseDatabaseWrapper, commits), lambda *_: "commit")
    setattr(BaseDatabaseWrapper, commits, ended)
    try:
        yield
    finally:
        for owner, name, method in kept:
            setattr(owner, name, method)


def _between(method: Callable[..., Any], words: Callable[..., str]) -> Callable[..., Any]:
    @wraps(method)
    def told(*args: Any, **values: Any) -> Any:
        _reach(f"before {words(*args)}")
        result = method(*args, **values)
        _reach(f"after {words(*args)}")
        return result

    return told


def _words_of_request(client: httpx.Client, request: httpx.Request) -> str:
    return f"{request.method} {request.url.path}"


def _around_statement(
    execute: Callable[..., Any], sql: str, parameters: Any, many: bool, context: dict[str, Any]
) -> Any:
    """Tell of a statement that commits by itself."""
    alone = not context["connection"].in_atomic_block
    changes = alone and not sql.lstrip().upper().startswith("SELECT")
    if changes:
        _reach("before statement")
    result = execute(sql, parameters, many, context)
    if changes:
        _reach("after statement")
    return result


def _reach(words: str) -> None:
    if reach := getattr(_here, "reach", None):
        reach(words)
