"""Threads that run requests one after another: to start and end one costs a request much CPU."""

from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager

from asgiref.sync import ThreadSensitiveContext

MOST_IDLE = 8
"""How many threads are kept for the next requests."""


class RequestThreads:
    """The threads of a server's requests, all for use in its event loop."""

    def __init__(self) -> None:
        self._idle: list[ThreadPoolExecutor] = []

    @asynccontextmanager
    async def one(self) -> AsyncIterator[None]:
        """Run thread-sensitive calls in a thread that nothing else uses meanwhile."""
        thread = self._idle.pop() if self._idle else ThreadPoolExecutor(1, "request")
        is_idle = False
        try:
            async with ThreadSensitiveContext(executor=thread):
                yield
            is_idle = len(self._idle) < MOST_IDLE
        finally:
            if is_idle:
                self._idle.append(thread)
            else:  # it may be at work still, and ends after that
                thread.shutdown(wait=False)
