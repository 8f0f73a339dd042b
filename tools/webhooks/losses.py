"""Lose, double and reorder webhooks while workers are killed; then compare with the forge."""

import random
import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tests.support.forges import FakeForge, FakeGitHub, Pull
from tests.support.forges.watched import PATH, connected, name_of, ours, theirs
from tests.support.forges.webhooks import Webhook
from tests.support.job_workers import job_worker
from tests.support.site import Site
from tests.support.waiting import START_SECONDS, wait_for

WAITING = "SELECT count(*) FROM procrastinate_jobs WHERE status IN ('todo', 'doing')"
FAILED = "SELECT count(*) FROM procrastinate_jobs WHERE status = 'failed'"
CHANGE_SECONDS = 0.5


@dataclass(frozen=True)
class Size:
    """How many pull requests change, how often a worker is killed, how long all is lost."""

    pulls: int
    kills: int
    lost_seconds: float


FULL = Size(pulls=8, kills=20, lost_seconds=60)
SMALL = Size(pulls=8, kills=3, lost_seconds=1)


@dataclass
class Outcome:
    """What one reconciliation left."""

    kills: int = 0
    changes: int = 0  # on the forge
    lost: int = 0  # of these, without any webhook
    differing: int = 0  # pull requests that are not as the forge has them
    failed: int = 0  # jobs

    @property
    def clean(self) -> bool:
        return not (self.differing or self.failed)


def run(size: Size, told: Callable[[str], None] = lambda _: None) -> Outcome:
    """Run everything against a server, workers and a fake of GitHub of its own."""
    site, outcome = Site("losses"), Outcome()
    with site.uvicorn() as server, connected(FakeGitHub, site, server) as fake:
        repo = fake.repo_at(PATH)
        pulls = [fake.bump(repo, f"b{number}") for number in range(size.pulls)]
        for _ in range(size.kills):
            _kill_in_the_middle(site, fake, pulls, outcome)
            told(f"{outcome.kills} workers killed")
        with job_worker(site):
            _lose_all(fake, pulls, size.lost_seconds, outcome)
            told(f"{outcome.lost} changes without a webhook")
            wait_for(lambda: site.rows(WAITING)[0][0] == 0, "all jobs to end", START_SECONDS)
        site.manage("sync_forges", name_of(fake))
        outcome.differing = len(set(ours(site, fake)) ^ set(theirs(fake)))
        outcome.failed = site.rows(FAILED)[0][0]
    return outcome


def _kill_in_the_middle(site: Site, fake: FakeForge, pulls: list[Pull], outcome: Outcome) -> None:
    """Send each webhook twice and in any order, and kill the worker while it works on them."""
    with job_worker(site) as worker:
        fake.webhooks.hold()
        _change_all(fake, pulls, outcome)
        fake.webhooks.release(_shuffled, times=2)
        wait_for(lambda: site.rows(WAITING)[0][0] > 0, "jobs")
        worker.process.send_signal(signal.SIGKILL)
        worker.process.wait()
        outcome.kills += 1
        fake.webhooks.settle()


def _lose_all(fake: FakeForge, pulls: list[Pull], seconds: float, outcome: Outcome) -> None:
    fake.webhooks.hold()
    until, before = time.monotonic() + seconds, outcome.changes
    while time.monotonic() < until:
        _change_all(fake, pulls, outcome)
        time.sleep(CHANGE_SECONDS)
    fake.webhooks.lose()
    outcome.lost = outcome.changes - before


def _shuffled(held: Sequence[Webhook]) -> Sequence[Webhook]:
    return random.Random(7).sample(list(held), len(held))


def _change_all(fake: FakeForge, pulls: list[Pull], outcome: Outcome) -> None:
    for number, pull in enumerate(pulls):
        outcome.changes += 1
        match (number + outcome.changes) % 5:
            case 0:
                fake.push(pull, {f"b{number}.txt": f"{outcome.changes}\n"}, force=True)
            case 1 if pull.state == "open":
                fake.close(pull)
            case 1 | 2 if pull.state == "closed":
                fake.reopen(pull)
            case _:
                fake.edit(pull, title=f"Bump {outcome.changes}")
