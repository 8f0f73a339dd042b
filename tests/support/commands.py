"""Management commands, each in a process forked from one that has loaded Django.

`python -m tests.support.commands SOCKET` is that process: it saves each command the second that
loading Django takes, opens no connection itself, and ends when its standard input closes.
"""

import gc
import json
import os
import select
import socket
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path

from tests.support.waiting import START_SECONDS, wait_for

LONGEST_REQUEST = 2**20


class Commands:
    """Runs management commands with the variables of an `environment`."""

    def __init__(self, environment: dict[str, str]) -> None:
        folder = tempfile.mkdtemp(prefix="commands-", dir=os.environ["HITL_VAR"])
        self._socket = Path(folder) / "socket"
        self._log = Path(folder) / "log"
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.support.commands", str(self._socket)],
                env=environment,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
            )
        wait_for(self._listens, f"the commands to be ready: {self._log}", START_SECONDS)

    def _listens(self) -> bool:
        assert self._process.poll() is None, self._log.read_text()
        return self._socket.exists()

    def run(self, arguments: tuple[str, ...], stdin: str) -> tuple[int, str]:
        """Run a command; return its exit code and its output, errors last."""
        file = partial(tempfile.TemporaryFile, "w+", encoding="utf-8")
        with file() as given, file() as out, file() as errors, socket.socket(socket.AF_UNIX) as to:
            given.write(stdin)
            given.seek(0)
            to.connect(str(self._socket))
            files = [one.fileno() for one in (given, out, errors)]
            socket.send_fds(to, [json.dumps(arguments).encode()], files)
            to.shutdown(socket.SHUT_WR)
            code = int(to.recv(16))
            out.seek(0)
            errors.seek(0)
            return code, out.read() + errors.read()

    def close(self) -> None:
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait()


def main() -> None:
    load()
    place = Path(sys.argv[1])
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(place.with_suffix(".new")))
    listener.listen()
    place.with_suffix(".new").rename(place)  # it exists when the process listens
    while listener in select.select([listener, sys.stdin], [], [])[0]:
        connection = listener.accept()[0]
        if not os.fork():  # a second fork: a process of its own waits for the command
            listener.close()
            run_for(connection)
            return
        connection.close()
        reap()


def load() -> None:
    """Load what every command needs, and let no command collect it, as each does when it ends."""
    import django
    from django.core.checks import run_checks

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hitl_project.settings")
    django.setup()
    run_checks()  # loads the addresses, and thus the views
    gc.collect()
    gc.freeze()


def reap() -> None:
    """Join the processes whose command has ended."""
    while any(os.waitpid(-1, os.WNOHANG)):
        pass


def run_for(connection: socket.socket) -> None:
    """Run the requested command, and answer with its exit code."""
    words, files, _, _ = socket.recv_fds(connection, LONGEST_REQUEST, 3)
    while more := connection.recv(LONGEST_REQUEST):
        words += more
    if command := os.fork():
        status = os.waitpid(command, 0)[1]
        connection.sendall(str(os.waitstatus_to_exitcode(status)).encode())
        os._exit(0)
    connection.close()
    for number, file in enumerate(files):
        os.dup2(file, number)
    from django.core.management import execute_from_command_line

    sys.argv = ["manage.py", *json.loads(words)]
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
