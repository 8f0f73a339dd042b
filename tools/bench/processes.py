"""CPU and memory of a server process and its children, as the kernel counts them."""

import contextlib
import os
import resource

import psutil

SERVER_CORE, CLIENT_CORE = 0, 1


def tree(pid: int) -> list[psutil.Process]:
    root = psutil.Process(pid)
    return [root, *root.children(recursive=True)]


def cpu_seconds(pid: int) -> float:
    """Return user and system time so far."""
    return sum(sum(one.cpu_times()[:2]) for one in tree(pid))


def pss_bytes(pid: int) -> int:
    """Return the memory, with shared memory counted once."""
    return sum(one.memory_full_info().pss for one in tree(pid))


def pin(pid: int, core: int) -> None:
    """Keep a process, with all its threads and children to come, on one core."""
    if (os.cpu_count() or 1) > 1:
        for thread in psutil.Process(pid).threads():
            with contextlib.suppress(ProcessLookupError):  # a request's thread may just have ended
                os.sched_setaffinity(thread.id, {core})


def allow_many_files() -> None:
    """Raise the limit of open files to its maximum: each socket is one, on both sides."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
