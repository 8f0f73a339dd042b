"""Whether this process is about to end: its readiness and its answers say so.

Imports nothing, as it is set by a signal that may come before the apps are loaded.
"""

_begun = False


def begin() -> None:
    """Note that this process is on its way out; called by what handles the signal."""
    global _begun
    _begun = True


def begun() -> bool:
    """Whether this process is on its way out."""
    return _begun
