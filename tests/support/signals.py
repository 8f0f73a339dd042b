"""Signals in processes that tests start."""

import signal


def heed_signals() -> None:
    """Let signals end this process, also where the tests run in the background, without them."""
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGQUIT):
        signal.signal(number, signal.SIG_DFL)
