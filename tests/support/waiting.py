"""Wait for conditions, never for a guessed time."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

ANSWER_SECONDS = 20
"""How long a test waits for something that must happen; none asserts how fast it does."""
START_SECONDS = 60
SETTLE_SECONDS = 40


def wait_for(condition: Callable[[], Any], what: str, seconds: float = ANSWER_SECONDS) -> Any:
    """Poll `condition` and return its first true value."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < deadline, f"waited {seconds} s for {what}"
        time.sleep(0.02)
    return value


async def pause(seconds: float) -> None:
    """Let a fault last; the only place that waits for time and not for a condition."""
    await asyncio.sleep(seconds)


async def until(condition: Callable[[], bool], seconds: float = SETTLE_SECONDS) -> None:
    """Wait until everything has settled after a fault."""
    async with asyncio.timeout(seconds):
        while not condition():
            await pause(0.05)
