"""Rate limits: so much a minute, and after a pause as much at once."""

import math
import time
from threading import Lock

MINUTE = 60.0

Key = int | str


class TokenBucket:
    """The limit of one client; not for several threads at once."""

    def __init__(self, per_minute: int) -> None:
        self._most = self._left = float(per_minute)
        self._at = time.monotonic()

    def take(self) -> bool:
        """Whether one more is allowed now."""
        now = time.monotonic()
        self._left = min(self._most, self._left + (now - self._at) * self._most / MINUTE)
        self._at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True

    def wait(self) -> float:
        """In how many seconds one more is allowed, if none was a moment ago."""
        return (1 - self._left) * MINUTE / self._most


class TokenBuckets:
    """The limits of many, by key; from any thread."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._recent: dict[Key, TokenBucket] = {}
        self._older: dict[Key, TokenBucket] = {}
        self._turned_at = time.monotonic()

    def wait(self, key: Key, most: int) -> int:
        """Take one of `most` a minute; 0, or the seconds until there is one."""
        with self._lock:
            bucket = self._recent[key] = self._find(key) or TokenBucket(most)
            return 0 if bucket.take() else math.ceil(bucket.wait())

    def _find(self, key: Key) -> TokenBucket | None:
        """A key that took nothing for a minute may be forgotten: its bucket is full again."""
        now = time.monotonic()
        if now - self._turned_at > MINUTE:
            self._older, self._recent, self._turned_at = self._recent, {}, now
        return self._recent.get(key) or self._older.pop(key, None)
