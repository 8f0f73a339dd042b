"""Stops the embedded servers when every process that used them is gone, however it ended.

The keeper is a separate process in its own session, so that a signal to all the others or a closed
terminal does not reach it. The kernel releases the lock of a process that ends.
"""

import contextlib
import fcntl
import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

USERS = "users.lock"
"""Held by each process that uses the servers, together with the others."""
KEEPER = "keeper.lock"
"""Held by the keeper while there is one; lists the servers, one a line."""


class Process(NamedTuple):
    """A server: its process id, the signal that stops it, the folder in its command line."""

    number: int
    stopped_by: int
    sockets: str


def ensure(folder: Path) -> None:
    """Start the keeper of the data folder `folder`, if there is none.

    The keeper inherits the lock that marks its existence. The caller must be the only one who
    starts or stops servers.
    """
    with open(folder / KEEPER, "a+", opener=private) as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        subprocess.Popen(  # noqa: S603 — arguments of ours, and no shell # nosec B603
            [sys.executable, "-m", __spec__.name, str(folder), str(lock.fileno())],
            cwd=Path(__file__).parents[2],
            pass_fds=[lock.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )


def private(path: str, flags: int) -> int:
    """Open a file as `open` does, readable by its owner only: readers of a lock file can hold its
    lock.
    """
    descriptor = os.open(path, flags, 0o600)
    if os.fstat(descriptor).st_uid == os.geteuid():
        os.fchmod(descriptor, 0o600)
    return descriptor


def note(folder: Path, servers: list[Process]) -> None:
    """Record for the keeper which servers run.

    It reads them from the file that it has open, even if somebody has removed the folder.
    """
    with open(folder / KEEPER, "w", opener=private) as file:
        file.writelines(f"{one.number} {one.stopped_by} {one.sockets}\n" for one in servers)


def keep(folder: Path, lock: int) -> None:
    """Stop the servers of `folder` once no process uses them; `lock` is the KEEPER file."""
    is_done = False
    while not is_done:
        with open(folder / USERS, "a", opener=private) as users:
            fcntl.flock(users, fcntl.LOCK_EX)
            if not is_there(users.fileno(), folder / USERS):
                _stop_noted(lock)
                return
        from hitl_project.embedded import servers  # takes memory that waiting does not need

        is_done = servers.stop_unused(folder)


def is_there(file: int, path: Path) -> bool:
    """Return whether `path` is still the open `file`, and was not removed or replaced."""
    with contextlib.suppress(FileNotFoundError):
        return os.path.samestat(os.fstat(file), path.stat())
    return False


def _stop_noted(lock: int) -> None:
    """Stop the servers by their process ids, as their sockets went with the folder."""
    for line in os.pread(lock, 4096, 0).decode().splitlines():
        number, stopped_by, sockets = line.split()
        if sockets in _command(int(number)):  # otherwise the id is another process's by now
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(number), int(stopped_by))


def _command(process: int) -> str:
    """Return the command line of a process, or "" if there is no such process."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{process}/cmdline").read_text(errors="replace")
    ps = ["ps", "-o", "command=", "-p", str(process)]  # on systems without /proc
    with contextlib.suppress(OSError):
        return subprocess.run(ps, capture_output=True, text=True, check=False).stdout  # noqa: S603 — arguments of ours, and no shell # nosec B603
    return ""


if __name__ == "__main__":
    with contextlib.suppress(FileNotFoundError):  # somebody has removed the folder
        keep(Path(sys.argv[1]), int(sys.argv[2]))
