"""Signals that must not cut short the start or the stop of a server."""

import contextlib
import signal
from collections.abc import Iterator

UNTIMELY = frozenset([signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT])


@contextlib.contextmanager
def deferred() -> Iterator[None]:
    """Have signals wait, for this process and for programs run meanwhile."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, UNTIMELY)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def ignore() -> None:
    """Ignore them from now on: the process ends anyhow."""
    for number in UNTIMELY:
        signal.signal(number, signal.SIG_IGN)
