import gc
import sys

from django.apps import AppConfig

COLLECTIONS_APART = 10_000, 1, 50
"""After how many new containers Python looks for garbage among them, and after how many such looks
among older ones, and among all.

Its own 700, 10 and 10 are for programs that keep little. Each open socket keeps hundreds, so that
letting some in began a look through all of them, which cost a fifth of the CPU. With 10 looks
between those at older ones, there were so many that each took up to 100 ms.
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
        gc.set_threshold(*COLLECTIONS_APART)
        sys.setswitchinterval(SWITCH_SECONDS)
        gc.enable()  # manage.py disabled it
