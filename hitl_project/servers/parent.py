"""Find out whether the process that started this one still runs."""

import os
import signal
import threading
import time
from pathlib import Path

POLL_SECONDS = 0.25
FATAL_TO_MAKE = {signal.SIGINT, signal.SIGHUP, signal.SIGQUIT}
"""The signals that make(1) keeps to itself, to wait for what it runs; SIGTERM it hands on."""


def follow() -> None:
    """End this process by SIGTERM when its parent or its session's leader (a login, a shell) ends.

    Do nothing if a closed terminal must not matter, as under nohup(1).
    """
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        parent, leader = os.getppid(), os.getsid(0)
        watched = leader if _runs(leader) else parent
        threading.Thread(target=_follow, args=(parent, watched), daemon=True).start()


def _follow(parent: int, leader: int) -> None:
    while os.getppid() == parent and _runs(leader) and not _is_ending(parent):
        time.sleep(POLL_SECONDS)
    os.kill(os.getpid(), signal.SIGTERM)


def _runs(process: int) -> bool:
    """Return whether there is such a process; one outside this container counts as none."""
    try:
        os.kill(process, 0) if process else None
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return process > 0


def _is_ending(process: int) -> bool:
    """Return whether a process handles a signal that ends it, on Linux: it blocks that signal."""
    try:
        status = Path(f"/proc/{process}/status").read_text()
    except OSError:
        return False
    blocked = int(status.partition("SigBlk:")[2].split()[0], 16)
    return any(blocked >> (number - 1) & 1 for number in FATAL_TO_MAKE)


def has_terminal() -> bool:
    """Return whether this process has a controlling terminal."""
    try:
        os.close(os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY))
    except OSError:
        return False
    return True
