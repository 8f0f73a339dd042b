import gc
import sys

from django.apps import AppConfig

ALLOCATIONS_APART = 10_000
"""After how many new containers Python looks for garbage in cycles.

Its own 700 is for programs that keep little. Each open socket keeps hundreds, so that letting some
in began a look through all of them, which cost a fifth of the CPU.
"""

SWITCH_SECONDS = 0.0005
"""How long a thread that wants to run lets another one go on.

A thread that uses the database wants to run after each answer. With Python's own 5 ms, it waited so
long each time while the event loop was busy, and so did the sockets whose users it looked up.
"""


class HITLProjectConfig(AppConfig):
    name = "hitl_project"

    def ready(self) -> None:
        from hitl_project import checks  # noqa: F401 — registers them

        gc.freeze()  # what is loaded is never garbage, so no collection need visit it
        gc.set_threshold(ALLOCATIONS_APART, *gc.get_threshold()[1:])
        sys.setswitchinterval(SWITCH_SECONDS)
        gc.enable()  # manage.py disabled it
