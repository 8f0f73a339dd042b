"""Whether the replica is read, which each process finds out as it reads it."""

import logging
import threading
import time

logger = logging.getLogger(__name__)

REST_SECONDS = 5.0
"""How long a replica that failed is left out before one request tries it again."""


class Standing:
    """Remembers that the replica failed. Call it from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._again = float("-inf")
        self.is_left_out = False

    def may_be_tried(self) -> bool:
        """Return whether the caller may read the replica; of many after a failure, one may."""
        with self._lock:
            now = time.monotonic()
            if now < self._again:
                return False
            if self.is_left_out:
                self._again = now + REST_SECONDS
            return True

    def leave_out(self, why: Exception) -> None:
        with self._lock:
            if not self.is_left_out:
                logger.warning("The replica is left out: %s", reason(why))
            self.is_left_out = True
            self._again = time.monotonic() + REST_SECONDS

    def take_again(self) -> None:
        with self._lock:
            if self.is_left_out:
                logger.warning("The replica is read again")
            self.is_left_out = False
            self._again = float("-inf")


STANDING = Standing()


def reason(error: Exception) -> str:
    """Return an error in one line."""
    return str(error).partition("\n")[0] or type(error).__name__
