"""Delay signals that must not interrupt the start or the stop of a server."""

import contextlib
import signal
from collections.abc import Iterator

UNTIMELY = frozenset([signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT])


@contextlib.contextmanager
def deferred(which: frozenset[signal.Signals] = UNTIMELY) -> Iterator[None]:
    """Delay signals, for this thread and for programs it runs meanwhile."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, which)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def ignore() -> None:
    """Ignore them from now on, as the process ends anyway."""
    for number in UNTIMELY:
        signal.signal(number, signal.SIG_IGN)
