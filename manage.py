#!/usr/bin/env python
"""Run a command of HITL Console: `python manage.py help` lists them."""

import atexit
import gc
import os
import signal
import sys

INTERRUPTED = 128 + signal.SIGINT  # by the shell's convention


def run() -> None:
    """Run the command that `sys.argv` names, and stop the servers that were started for it."""
    # Otherwise Python visits all that is loaded once more: half a second for a process that ends.
    atexit.register(gc.freeze)
    # Exiting normally, not dying, stops the servers that were started.
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
        if signal.getsignal(number) is not signal.SIG_IGN:  # as under nohup
            signal.signal(number, lambda number, _: sys.exit(128 + number))
    try:
        _run()
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


def _run() -> None:
    gc.disable()  # until the apps are loaded: it would take a sixth of a start, and find nothing
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hitl_project.settings")
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line

    from hitl_project.embedded import servers
    from hitl_project.embedded.errors import EmbeddedServerError

    try:
        if servers.needed_by(sys.argv):
            servers.start()
        from django.conf import settings

        settings.configured or settings._setup()  # type: ignore[misc]
    except (ImproperlyConfigured, EmbeddedServerError) as error:
        sys.exit(f"error: {error}")
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    run()
