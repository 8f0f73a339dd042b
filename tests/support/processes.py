"""The processes of a server: those that serve, and those that run jobs."""

import psutil

from tests.support.site import Server


def workers(server: Server) -> list[psutil.Process]:
    """Return the serving processes: children of the one that was started."""
    children = psutil.Process(server.process.pid).children()
    return [one for one in children if "spawn_main" in _command(one)]


def job_workers(server: Server) -> list[psutil.Process]:
    """Return the processes that run jobs: `manage.py work`."""
    children = psutil.Process(server.process.pid).children()
    return [one for one in children if "manage.py work" in _command(one)]


def _command(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:  # it ended just now
        return ""
