"""An installation whose decisions are carried out on three fake forges at once."""

import asyncio
import contextlib
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from forges.clients.base import STATUS_NAME
from tests.support.forges import FAKES, FakeForge, Pull
from tests.support.forges.watched import PATH, connected, name_of
from tests.support.job_workers import job_worker
from tests.support.site import ROOT, Server
from tools.faults import world as faults

WORKERS, JOBS = 2, 4
ASSIGNEE = "lead"
APVS = """
SELECT pull.number, apv.apv_id::text FROM reviews_apv AS apv
JOIN forges_pullrequest AS pull ON pull.id = apv.pull_request_id
JOIN forges_repository AS repository ON repository.id = pull.repository_id
JOIN forges_forge AS forge ON forge.id = repository.forge_id
WHERE forge.name = %s ORDER BY pull.number
"""
BUSY = """
SELECT task_name, status::text, attempts, args::text, scheduled_at::text FROM procrastinate_jobs
WHERE status = 'doing' OR (status = 'todo'
AND (task_name <> 'reviews.carry_out' OR scheduled_at IS NULL OR scheduled_at <= now()))
"""
"""Jobs that will change something: a later attempt of an effect that has ended does nothing."""
DRAIN_SECONDS = 240


class Asked(NamedTuple):
    """A pull request that is to be decided on."""

    fake: FakeForge
    pull: Pull
    apv_id: str
    kind: str


class World(faults.World):
    """Two servers, and the workers that a fault wants."""

    def __init__(self, **variables: str) -> None:
        super().__init__(**variables)
        self.site.environment |= {
            "HITL_FORGE_SYNC_MINUTES": "0",  # a reconciliation is what is measured
            "HITL_CONSOLE_URL": "https://console.example.com",
            **variables,
        }
        self._workers = contextlib.ExitStack()
        self._work_with: dict[str, str] | None = None

    @contextlib.contextmanager
    def forges(self) -> Iterator[list[FakeForge]]:
        """Connect a fake of each forge, with a repository that only the console lets merge."""
        with contextlib.ExitStack() as stack:
            fakes = [
                stack.enter_context(connected(kind, self.site, self.servers[0])) for kind in FAKES
            ]
            for fake in fakes:
                fake.account(ASSIGNEE)
                fake.repo_at(PATH).required = (STATUS_NAME,)
            self.site.execute(
                "UPDATE forges_repository SET assignee = %s, deletes_branch = true", ASSIGNEE
            )
            yield fakes

    def work(self, **variables: str) -> None:
        """Run workers with these variables, until others are wanted."""
        if self._work_with != variables:
            self.stop_working()
            for _ in range(WORKERS):
                worker = job_worker(self.site, "--jobs", str(JOBS), **variables)
                self._workers.enter_context(worker)
            self._work_with = variables

    def stop_working(self) -> None:
        self._workers.close()
        self._work_with = None

    def close(self) -> None:
        self.stop_working()
        super().close()

    def taken_in(self, fakes: list[FakeForge], kinds: list[str]) -> list[Asked]:
        """Open a pull request for each kind of decision on each forge, and read them all."""
        for fake in fakes:
            fake.webhooks.hold()
            for number in range(len(kinds)):
                fake.bump(fake.repo_at(PATH), f"b{number}")
            fake.webhooks.lose()
        self.reconcile(fakes)
        found = []
        for fake in fakes:
            apvs = dict(self.site.rows(APVS, name_of(fake)))
            pulls = sorted(fake.repo_at(PATH).pulls.items())
            given = zip(pulls, kinds, strict=True)
            found.append([Asked(fake, one, apvs[number], kind) for (number, one), kind in given])
        return [one for several in zip(*found, strict=True) for one in several]

    def reconcile(self, fakes: list[FakeForge]) -> None:
        """Compare the repositories with their forges once."""
        self.site.manage("sync_forges", *map(name_of, fakes))

    def drained(self) -> None:
        """Wait until no job is left that changes anything. Raise AssertionError if some stay."""
        deadline = time.monotonic() + DRAIN_SECONDS
        while left := self.site.rows(BUSY):
            assert time.monotonic() < deadline, f"these jobs do not end: {left}"
            time.sleep(0.2)


class DyingWorkers:
    """Workers that die at steps, which `plan` names for an effect."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._folder = Path(
            tempfile.mkdtemp(prefix="steps-", dir=world.site.environment["HITL_VAR"])
        )

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        module = "tools.effects.dying_workers"
        command = [sys.executable, "-m", module, str(self._folder), "3", "2"]
        with (self._folder / "log").open("ab") as output:
            process = subprocess.Popen(
                command,
                cwd=ROOT,
                env=self._world.site.environment,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        try:
            yield
        finally:
            process.terminate()
            process.wait()

    def plan(self, effect_id: str, steps: list[int]) -> None:
        (self._folder / f"{effect_id}.plan").write_text(json.dumps(steps))

    def steps(self, effect_id: str, how: str) -> list[list[str]]:
        """Return the steps of the attempts that `lived`, or that `died` at the last of them."""
        found = sorted(self._folder.glob(f"{effect_id}.{how}-*"))
        return [json.loads(one.read_text()) for one in found]


def restarted(world: World, number: int, program: str = "manage.py") -> Server:
    """Stop a server's process in any state, and start it on the same port."""
    asyncio.run(world.restart_server(number, program))
    return world.servers[number]


class Worlds:
    """Installations by their settings, each started when first needed."""

    def __init__(self) -> None:
        self._started: dict[str, World] = {}

    def get(self, **variables: str) -> World:
        key = repr(variables)
        if key not in self._started:
            self._started[key] = World(**{"HITL_UNDO_SECONDS": "0", **variables})
        return self._started[key]

    def close(self) -> None:
        for world in self._started.values():
            world.close()
