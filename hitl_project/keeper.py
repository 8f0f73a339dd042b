"""Stops the embedded servers once every process that used them is gone, however it ended.

It is a process of its own, in a session of its own, so that what ends the others – a signal to all
of them, a closed terminal – does not reach it. The kernel takes a lock from a process that ends.
"""

import contextlib
import fcntl
import os
import subprocess
import sys
from pathlib import Path

USERS = "users.lock"
"""Held by each process that uses the servers, together with the others."""
KEEPER = "keeper.lock"
"""Held by the keeper while there is one."""


def ensure(folder: Path) -> None:
    """Start the keeper of the data folder `folder`, unless there is one.

    It inherits the lock that says so. The caller must be the only one who starts or stops servers.
    """
    with open(folder / KEEPER, "a", opener=private) as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        subprocess.Popen(  # noqa: S603 — arguments of ours, and no shell # nosec B603
            [sys.executable, "-m", __spec__.name, str(folder)],
            cwd=Path(__file__).parent.parent,
            pass_fds=[lock.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )


def private(path: str, flags: int) -> int:
    """Open a file as `open` does, for its owner alone: readers of a lock file can hold its lock."""
    descriptor = os.open(path, flags, 0o600)
    if os.fstat(descriptor).st_uid == os.geteuid():
        os.fchmod(descriptor, 0o600)
    return descriptor


def keep(folder: Path) -> None:
    """Wait until nobody uses the servers of `folder`, and stop them."""
    is_done = False
    while not is_done:
        with open(folder / USERS, "a", opener=private) as users:
            fcntl.flock(users, fcntl.LOCK_EX)
        from hitl_project import embedded  # takes memory, which waiting does not need

        is_done = embedded.stop_unused(folder)


if __name__ == "__main__":
    with contextlib.suppress(FileNotFoundError):  # somebody has removed the folder
        keep(Path(sys.argv[1]))
