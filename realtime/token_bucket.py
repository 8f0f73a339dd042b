"""Rate limits: a number of requests per minute, and as many at once after a pause."""

import math
import time
from threading import Lock

MINUTE = 60.0

Key = int | str


class TokenBucket:
    """The limit of one client. Not thread-safe."""

    def __init__(self, per_minute: int) -> None:
        self._most = self._left = float(per_minute)
        self._at = time.monotonic()

    def take(self) -> bool:
        """Return whether one more is allowed now, and count it."""
        now = time.monotonic()
        self._left = min(self._most, self._left + (now - self._at) * self._most / MINUTE)
        self._at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True

    def wait(self) -> float:
        """Return in how many seconds the next one is allowed."""
        return (1 - self._left) * MINUTE / self._most


class TokenBuckets:
    """The limits of many clients, by key. Thread-safe."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._recent: dict[Key, TokenBucket] = {}
        self._older: dict[Key, TokenBucket] = {}
        self._turned_at = time.monotonic()

    def wait(self, key: Key, most: int) -> int:
        """Take one of `most` per minute; return 0, or the seconds until one is allowed."""
        with self._lock:
            bucket = self._recent[key] = self._find(key) or TokenBucket(most)
            return 0 if bucket.take() else math.ceil(bucket.wait())

    def _find(self, key: Key) -> TokenBucket | None:
        """Return a key's bucket. Keys unused for a minute may be dropped: their buckets are full
        again.
        """
        now = time.monotonic()
        if now - self._turned_at > MINUTE:
            self._older, self._recent, self._turned_at = self._recent, {}, now
        return self._recent.get(key) or self._older.pop(key, None)
