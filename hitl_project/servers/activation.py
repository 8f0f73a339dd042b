"""Listening sockets that this process was started with: socket activation, as systemd does it.

The protocol is that of sd_listen_fds(3). Whoever opened the sockets keeps them open over a restart:
connections wait in them until the next process accepts them, and none is refused.
"""

import os
import socket

from django.core.management.base import CommandError

FIRST_DESCRIPTOR = 3
VARIABLES = ("LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES", "LISTEN_PIDFDID")


def inherited() -> list[socket.socket]:
    """Return the listening sockets for this process; processes that it starts get none of them.

    Raise CommandError if one is not a listening TCP socket.
    """
    given = {name: os.environ.pop(name, "") for name in VARIABLES}
    if given["LISTEN_PID"] != str(os.getpid()) or not given["LISTEN_FDS"].isdigit():
        return []
    last = FIRST_DESCRIPTOR + int(given["LISTEN_FDS"])
    return [_listener(descriptor) for descriptor in range(FIRST_DESCRIPTOR, last)]


def _listener(descriptor: int) -> socket.socket:
    try:
        os.set_inheritable(descriptor, False)
        listener = socket.socket(fileno=descriptor)
        listens = listener.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
    except OSError as error:
        raise CommandError(
            f"LISTEN_FDS: file {descriptor} is no socket: {error.strerror}"
        ) from None
    if not listens or listener.family not in {socket.AF_INET, socket.AF_INET6}:
        raise CommandError(f"LISTEN_FDS: file {descriptor} is not a TCP socket that listens")
    return listener
