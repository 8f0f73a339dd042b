"""How long to wait before the next try."""

import random

FIRST, MOST = 1.0, 15.0
"""In seconds: the longest wait before the second try, and before any."""
BACK_OFF_ATTEMPT = 4
"""Where it goes on if the server asks to back off."""


class Backoff:
    """Exponential back-off with full jitter: clients that failed together do not return together.

    Each wait is anywhere between nothing and a limit that doubles.
    """

    def __init__(self) -> None:
        self.attempt = 0

    def next(self) -> float:
        """Return how many seconds to wait, and count the attempt."""
        limit = min(MOST, FIRST * 2 ** min(self.attempt, 16))
        self.attempt += 1
        return random.SystemRandom().uniform(0, limit)

    def hold(self) -> None:
        """Go on from a longer wait: the server asked to back off."""
        self.attempt = max(self.attempt, BACK_OFF_ATTEMPT)

    def reset(self) -> None:
        self.attempt = 0
