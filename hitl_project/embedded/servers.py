"""Start and stop the embedded servers, for installations without their own.

Every process that uses them holds a shared lock on one file; the last to detach stops them. The
kernel drops the lock of a killed process, so no crash leaves a wrong count, and the keeper stops
the servers that a killed process could not stop.
"""

import atexit
import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from hitl_project.embedded import keeper, postgres, signals, valkey
from hitl_project.embedded.errors import EmbeddedServerError
from hitl_project.embedded.folder import check_owner, make, secret_key, var_folder

OFFLINE_COMMANDS = frozenset(
    [
        "check",
        "collectstatic",
        "compilemessages",
        "diffsettings",
        "help",
        "makemessages",
        "spectacular",
        "startapp",
        "version",
        "write_docs",
    ]
)
"""Commands that touch no database: they must work before the servers have ever run."""
OFFLINE_OPTIONS = frozenset(["--help", "--files-only"])
"""Options with which a command touches no database."""
OWN_START = frozenset(["move_data"])
"""Commands that start what they need themselves."""

_lock: int | None = None
"""The file descriptor that holds our shared lock."""


def needed() -> bool:
    """Return whether a server is needed, because no URL names it."""
    return not (os.environ.get("DATABASE_URL") and os.environ.get("REDIS_URL"))


def needed_by(argv: list[str]) -> bool:
    """Return whether the management command in `argv` needs a server that no URL names."""
    command = argv[1] if len(argv) > 1 else "help"
    if command in OFFLINE_COMMANDS | OWN_START or command.startswith("-"):
        return False
    if OFFLINE_OPTIONS.intersection(argv):
        return False
    return needed()


def start() -> None:
    """Start or join the servers that no URL names, and put their URLs into the environment.

    Raise EmbeddedServerError if one does not start.
    """
    if not needed():
        return
    folder = var_folder()
    make(folder)
    check_owner(folder)
    with _exclusively(folder):
        _attach(folder)
        keeper.ensure(folder)
        if not os.environ.get("DATABASE_URL"):
            os.environ.setdefault("SECRET_KEY", secret_key())
            os.environ["DATABASE_URL"] = postgres.start(folder / "postgres")
        if not os.environ.get("REDIS_URL"):
            os.environ["REDIS_URL"] = valkey.start(folder / "redis")
        running = [postgres.process(folder / "postgres"), valkey.process(folder / "redis")]
        keeper.note(folder, list(filter(None, running)))


def detach() -> None:
    """Release the servers, if this process uses any; for a process that exits at once."""
    _detach(var_folder(), os.getpid())


def stop_unused(folder: Path, lock: int | None = None) -> bool:
    """Stop the servers of `folder` unless a process uses them; return whether they are stopped.

    `lock` is the caller's own lock on them, a file descriptor.
    """
    with (
        _exclusively(folder),
        open(folder / keeper.USERS, "a", opener=keeper.private) as users,
    ):
        try:
            fcntl.flock(users if lock is None else lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        valkey.stop(folder / "redis")
        postgres.stop(folder / "postgres")
        return True


@contextlib.contextmanager
def postgres_alone() -> Iterator[str]:
    """Start the embedded PostgreSQL for this process alone; yield its URL, and stop it at the end.

    Raise EmbeddedServerError if there is none, or another process uses it.
    """
    folder = var_folder()
    if not (folder / "postgres" / "PG_VERSION").exists():
        raise EmbeddedServerError(f"HITL_VAR: there is no embedded PostgreSQL in {folder}")
    check_owner(folder)
    with open(folder / keeper.USERS, "a", opener=keeper.private) as users:
        fcntl.flock(users, fcntl.LOCK_SH)  # waits while the keeper stops servers
        with _exclusively(folder):
            _use_alone(users.fileno(), folder)
            keeper.ensure(folder)
            url = postgres.start(folder / "postgres")
            keeper.note(folder, list(filter(None, [postgres.process(folder / "postgres")])))
        try:
            yield url
        finally:
            with signals.deferred():
                postgres.stop(folder / "postgres")


def _use_alone(users: int, folder: Path) -> None:
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise EmbeddedServerError(
            f"HITL_VAR: another process uses the servers of {folder}; stop it first"
        ) from None


@contextlib.contextmanager
def _exclusively(folder: Path) -> Iterator[None]:
    """Let one process at a time start or stop servers."""
    with open(folder / "servers.lock", "a", opener=keeper.private) as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _attach(folder: Path) -> None:
    global _lock
    if _lock is None:
        _lock = keeper.private(str(folder / keeper.USERS), os.O_RDWR | os.O_CREAT)
        fcntl.flock(_lock, fcntl.LOCK_SH)
        atexit.register(_detach, folder, os.getpid())


def _detach(folder: Path, owner: int) -> None:
    """Release the servers, and stop them if no other process uses them."""
    if _lock is None or os.getpid() != owner:  # a fork inherits the hook, but must not run it
        return
    signals.ignore()  # a second Ctrl-C must not interrupt this
    with contextlib.suppress(FileNotFoundError):  # somebody has removed the folder
        if keeper.is_there(_lock, folder / keeper.USERS):  # or replaced it, for others
            stop_unused(folder, _lock)
