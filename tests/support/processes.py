"""The processes of a server with workers."""

import psutil

from tests.support.site import Server


def workers(server: Server) -> list[psutil.Process]:
    """Return the serving processes: children of the one that was started."""
    children = psutil.Process(server.process.pid).children()
    return [one for one in children if _is_worker(one)]


def _is_worker(process: psutil.Process) -> bool:
    try:
        return "spawn_main" in " ".join(process.cmdline())
    except psutil.Error:  # it ended just now
        return False
