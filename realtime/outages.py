"""Tasks that continue through outages of the database and of Redis."""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

logger = logging.getLogger(__name__)

RETRY_SECONDS = 1.0


async def for_ever(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run `work` again and again, whatever it raises."""
    while True:
        with survives(work.__name__.strip("_").replace("_", " ")):
            await work()
        await asyncio.sleep(RETRY_SECONDS)


@contextlib.contextmanager
def survives(doing: str, then: Callable[[], object] = lambda: None) -> Iterator[None]:
    """Log an exception, call `then`, and continue."""
    try:
        yield
    except Exception as error:
        logger.warning("Hub: to %s failed, will be tried again: %r", doing, error)
        then()
