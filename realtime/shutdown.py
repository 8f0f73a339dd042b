"""Whether this process is shutting down: its readiness and its responses say so.

Imports nothing: a signal sets this, and may arrive before the apps are loaded.
"""

_begun = False


def begin() -> None:
    """Record that this process is shutting down. The signal handler calls this."""
    global _begun
    _begun = True


def begun() -> bool:
    """Return whether this process is shutting down."""
    return _begun
