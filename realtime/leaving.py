"""Whether this process is about to end: its readiness and its answers say so.

Imports nothing, as it is set by a signal that may come before the apps are loaded.
"""

SERVICE_RESTART = 1012
REASON = "The server restarts"
"""What sockets are closed with then."""

_begun = False


def begin() -> None:
    """From now on this process is on its way out; called by what handles the signal."""
    global _begun
    _begun = True


def begun() -> bool:
    return _begun
