"""Send webhooks at a rate, and lose, double and reorder others; exit with 1 on any loss.

While they are sent at a rate, `/hitl/health` is asked and a socket is pinged; their answers may not
be too slow. One worker processes them. Then workers are killed in the middle, and webhooks come
twice, in any order, or for a minute not at all: one reconciliation later, the console must have
what the forge has.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import django

from tests.support import environment  # noqa: F401 — first: it starts PostgreSQL

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hitl_project.settings")
django.setup()

from tests.support.forges import FakeForge, FakeGitHub  # noqa: E402 — these need the apps
from tests.support.forges.watched import PATH, connected  # noqa: E402
from tests.support.job_workers import job_worker  # noqa: E402
from tests.support.site import Server, Site  # noqa: E402
from tests.support.waiting import wait_for  # noqa: E402
from tools.quantiles import quantile  # noqa: E402
from tools.webhooks import losses  # noqa: E402

MOST_RATIO = 3.0
DRAIN_SECONDS = 600
WAITING = "SELECT count(*) FROM forges_delivery WHERE state = 'received'"
STATES = "SELECT state, count(*) FROM forges_delivery GROUP BY state"


class Result(NamedTuple):
    """What became of the webhooks, and how long it took."""

    took: dict[str, list[float]]
    """The seconds of each answer."""
    sending: float
    draining: float
    states: dict[str, int]


def flooded(count: int, seconds: float) -> Result:
    """Send webhooks to a server and a worker, and wait until all are processed."""
    site = Site("webhook-flood")
    with site.uvicorn() as server, connected(FakeGitHub, site, server) as fake:
        given = subject(fake) | {"count": count, "seconds": seconds}
        with job_worker(site):
            began = time.monotonic()
            took = sent(server, given)
            ended = time.monotonic()
            wait_for(lambda: site.rows(WAITING)[0][0] == 0, "all to be processed", DRAIN_SECONDS)
            drained = time.monotonic()
        return Result(took, ended - began, drained - ended, dict(site.rows(STATES)))


def subject(fake: FakeForge) -> dict[str, Any]:
    """Open pull requests unheard; return the webhooks' address and secret, and what they say."""
    repo = fake.repo_at(PATH)
    fake.webhooks.hold()
    pulls = [fake.bump(repo, f"b{number}").number for number in range(20)]
    fake.webhooks.lose()
    path = urlsplit(fake.webhooks.url).path
    return {"path": path, "secret": fake.webhooks.secret, "pulls": pulls, "repository": repo.id}


def sent(server: Server, given: dict[str, Any]) -> dict[str, list[float]]:
    """Send from another process, which this one must not slow down."""
    given = {
        **given,
        "address": server.origin.partition("//")[2],
        "cookie": server.client().cookies["hitl_session"],
    }
    command = [sys.executable, "-m", "tools.webhooks.sender"]
    done = subprocess.run(
        command, input=json.dumps(given), stdout=subprocess.PIPE, text=True, check=True
    )
    took: dict[str, list[float]] = json.loads(done.stdout)
    return took


def report(result: Result, count: int, seconds: float) -> bool:
    """Print what was measured; return whether it is good."""
    print(f"{count} webhooks, sent in {result.sending:.0f} s instead of {seconds:.0f} s")
    print(f"kept: {result.states}; all processed {result.draining:.1f} s after the last one")
    for what, times in result.took.items():
        p50, p99, most = (f"{1000 * quantile(times, share):8.1f} ms" for share in (0.5, 0.99, 1))
        print(f"{what:<14} p50 {p50}   p99 {p99}   longest {most}")
    webhooks, healths = result.took["webhook"], result.took["/hitl/health"]
    ratio = quantile(webhooks, 0.99) / quantile(healths, 0.99)
    print(f"p99 of a webhook's answer: {ratio:.1f} × that of /hitl/health")
    none_lost = len(webhooks) == count and result.states == {"processed": count}
    return none_lost and ratio <= MOST_RATIO


def main() -> None:
    parser = argparse.ArgumentParser(prog="make webhooks", description=__doc__)
    parser.add_argument("--count", type=int, default=5000)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--only", choices=["flood", "losses"], help="one of both parts")
    given = parser.parse_args()
    good = True
    if given.only != "losses":
        result = flooded(given.count, given.seconds)
        good = report(result, given.count, given.seconds)
    if given.only != "flood":
        outcome = losses.run(losses.FULL, print)
        print(outcome)
        good = outcome.clean and good
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
