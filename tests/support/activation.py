"""A server that is given its listening socket, as systemd gives it."""

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

from tests.support.site import ROOT, Server, Site, listening

EXEC = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.environ["LISTEN_PID"] = str(os.getpid())
os.execv(sys.executable, [sys.executable, "manage.py", "serve"])
"""
"""Keeps the number of its process, as a service manager's last step does."""


def activated(site: Site, listener: socket.socket, **variables: str) -> Server:
    """Start `serve` with `listener` as its third file; return the server once it answers."""
    process, log = launch(site, listener.fileno(), **variables)
    return listening(process, log)


def launch(site: Site, descriptor: int, **variables: str) -> "tuple[subprocess.Popen[bytes], Path]":
    log = Path(os.environ["HITL_VAR"]) / f"activated-{time.monotonic_ns()}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-c", EXEC, str(descriptor)],
            cwd=ROOT,
            env={**site.environment, "LISTEN_FDS": "1", **variables},
            pass_fds=[descriptor],
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    return process, log
