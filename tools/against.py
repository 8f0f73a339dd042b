"""Another commit of this project beside this tree, for tools that compare the two."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import cached_property
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4

from tests.support.site import ROOT, Server, Site


class Spent(NamedTuple):
    """Seconds that something took, and those of them in which its process computed."""

    cpu: float
    wall: float


class Tree:
    """The source of the project at one commit, and sites whose databases its own code made."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name, self._program = name, str(folder / "manage.py")

    def site(self) -> Site:
        """Return a new site with the demo users and nothing else."""
        return Site(f"{self.name}-{uuid4().hex[:8]}", source=self._template)

    @cached_property
    def _template(self) -> str:
        site = Site(f"template-{self.name}", source="template1")
        self.run(site, "migrate", "--verbosity", "0")
        self.run(site, "create_demo_users")
        return site.name

    def serving(self, site: Site) -> AbstractContextManager[Server]:
        return site.uvicorn(program=self._program)

    def run(self, site: Site, *arguments: str) -> tuple[str, Spent]:
        """Run a management command in a process of its own; return what it printed, and spent."""
        with tempfile.TemporaryFile("w+") as output:
            began = time.perf_counter()
            process = subprocess.Popen(
                [sys.executable, self._program, *arguments],
                env=site.environment,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
            _pid, status, used = os.wait4(process.pid, 0)
            wall = time.perf_counter() - began
            process.returncode = os.waitstatus_to_exitcode(status)
            output.seek(0)
            printed = output.read()
        assert process.returncode == 0, printed
        return printed, Spent(used.ru_utime + used.ru_stime, wall)


@contextmanager
def this_and(commit: str) -> Iterator[list[Tree]]:
    """Check `commit` out into a temporary worktree; yield it and this tree."""
    with tempfile.TemporaryDirectory(prefix="hitl-against-") as folder:
        before = Path(folder) / "tree"
        _git("worktree", "add", "--quiet", "--detach", str(before), commit)
        try:
            yield [Tree("before", before), Tree("now", ROOT)]
        finally:
            _git("worktree", "remove", "--force", str(before))


def _git(*arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=ROOT, check=True)
