"""A server that dies in its third commit hook: after the commit, before anybody is told."""

import os
import sys
from itertools import count
from typing import Any

from hitl_project import embedded

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hitl_project.settings")
embedded.start()

import django  # noqa: E402

django.setup()

from realtime import courier  # noqa: E402

_hooks = count(1)
_send = courier.send


def _send_or_die(payload: dict[str, Any]) -> None:
    if next(_hooks) == 3:
        os._exit(9)
    _send(payload)


courier.send = _send_or_die

from django.core.management import execute_from_command_line  # noqa: E402

execute_from_command_line(sys.argv)
