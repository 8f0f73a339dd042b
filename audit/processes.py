"""Processes that verify the audit. This module is imported before the apps are loaded."""

import signal
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import django


def pool(count: int) -> ProcessPoolExecutor:
    """Return a pool of processes that may use the database.

    A fork would share the connections of this one, and the threads that keep them.
    """
    return ProcessPoolExecutor(count, get_context("spawn"), initializer=_begin)


def _begin() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # it ends the process that has the pool
    django.setup()
