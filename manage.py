#!/usr/bin/env python
"""Run a command of HITL Console: `python manage.py help` lists them."""

import atexit
import gc
import os
import signal
import sys
import threading
from types import FrameType

INTERRUPTED = 128 + signal.SIGINT  # by the shell's convention
AGAIN_SECONDS = 0.01


class Signalled(SystemExit):
    """A signal arrived that ends the process normally."""

    def __init__(self, number: int) -> None:
        super().__init__(128 + number)
        self.number = number


def run() -> None:
    """Run the command that `sys.argv` names, and stop the servers that were started for it."""
    # Otherwise Python visits all that is loaded once more: half a second for a process that ends.
    atexit.register(gc.freeze)
    # Exiting normally, not dying, stops the servers that were started.
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
        if signal.getsignal(number) is not signal.SIG_IGN:  # as under nohup
            signal.signal(number, _exit)
    sys.unraisablehook = _signal_again
    try:
        _run()
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


def _exit(number: int, _: FrameType | None) -> None:
    raise Signalled(number)


def _signal_again(lost: "sys.UnraisableHookArgs") -> None:
    """Send a signal again if what its handler raised was lost: a finalizer ran at that moment."""
    if isinstance(lost.exc_value, Signalled):
        number = lost.exc_value.number
    elif isinstance(lost.exc_value, KeyboardInterrupt):
        number = int(signal.SIGINT)
    else:
        sys.__unraisablehook__(lost)
        return
    threading.Timer(AGAIN_SECONDS, os.kill, (os.getpid(), number)).start()


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
