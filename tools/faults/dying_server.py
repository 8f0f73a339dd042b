"""A server that, after SIGUSR1, dies in its next commit hook, before it sends anything."""

import os
import signal
import sys
import threading
from typing import Any

from hitl_project.embedded import servers

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hitl_project.settings")
servers.start()

import django  # noqa: E402

django.setup()

from realtime import broker  # noqa: E402

_doomed = threading.Event()
_send = broker.send


def _send_or_die(payloads: list[dict[str, Any]]) -> None:
    if _doomed.is_set():
        os._exit(9)
    _send(payloads)


broker.send = _send_or_die
signal.signal(signal.SIGUSR1, lambda *_: _doomed.set())

from django.core.management import execute_from_command_line  # noqa: E402

execute_from_command_line(sys.argv)
