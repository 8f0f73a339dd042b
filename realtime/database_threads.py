"""The threads in which sockets and the hub use the database.

There are few, and so few connections, however many sockets need one at once. Work that comes in
crowds has threads of its own, so that it never delays live events.
"""

from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from channels.db import DatabaseSyncToAsync

HUB_THREADS, REPLAY_THREADS, SOCKET_THREADS = 2, 2, 2
DATABASE_THREADS = HUB_THREADS + REPLAY_THREADS + SOCKET_THREADS
_hub_threads = ThreadPoolExecutor(HUB_THREADS, thread_name_prefix="hub")
_replay_threads = ThreadPoolExecutor(REPLAY_THREADS, thread_name_prefix="replay")
_socket_threads = ThreadPoolExecutor(SOCKET_THREADS, thread_name_prefix="socket")

P = ParamSpec("P")
R = TypeVar("R")


def in_database(function: Callable[P, R]) -> Callable[P, Awaitable[R]]:
    """Return the async form of a function that uses the ORM, run in the hub's own threads.

    Channels' default is one thread for the whole process, in which one slow query would block all.
    """
    return run_in(_hub_threads, function)


def for_replay(function: Callable[P, R]) -> Callable[P, Awaitable[R]]:
    """Like `in_database`, for reading history."""
    return run_in(_replay_threads, function)


def for_sockets(function: Callable[P, R]) -> Callable[P, Awaitable[R]]:
    """Like `in_database`, for opening sockets."""
    return run_in(_socket_threads, function)


def run_in(threads: ThreadPoolExecutor, function: Callable[P, R]) -> Callable[P, Awaitable[R]]:
    """Return the async form of a function that uses the ORM, run in `threads`."""
    run: Callable[P, Awaitable[R]] = DatabaseSyncToAsync(
        function, thread_sensitive=False, executor=threads
    )
    return run
