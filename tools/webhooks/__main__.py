"""Send webhooks at a rate; exit with 1 if one is lost or their answers are too slow.

Meanwhile `/hitl/health` is asked and a socket is pinged. One worker processes the webhooks.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from typing import Any

import django

from tests.support import environment  # noqa: F401 — first: it starts PostgreSQL

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hitl_project.settings")
django.setup()

from tests.support.forges import TOKEN, FakeGitHub  # noqa: E402 — these need the apps
from tests.support.job_workers import job_worker  # noqa: E402
from tests.support.site import Server, Site  # noqa: E402
from tests.support.waiting import wait_for  # noqa: E402

NAME, SECRET_LINE = "flood", "secret:"
MOST_RATIO = 3.0
DRAIN_SECONDS = 600


def flood(server: Server, given: dict[str, Any]) -> dict[str, list[float]]:
    """Send from another process, which this one must not slow down."""
    given |= {
        "address": server.origin.partition("//")[2],
        "path": f"/hitl/forges/{NAME}/webhook",
        "cookie": server.client().cookies["hitl_session"],
    }
    command = [sys.executable, "-m", "tools.webhooks.sender"]
    done = subprocess.run(
        command, input=json.dumps(given), stdout=subprocess.PIPE, text=True, check=True
    )
    took: dict[str, list[float]] = json.loads(done.stdout)
    return took


def quantile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def run(count: int, seconds: float) -> bool:
    site = Site("webhook-flood")
    with FakeGitHub() as fake, site.uvicorn() as server:
        repo = fake.repository("acme/shop", {"a": "b\n"})
        pulls = [
            fake.open_pull_request(repo, f"b{n}", {f"b{n}": "x\n"}, title=f"b{n}").number
            for n in range(20)
        ]
        address = ["--url", fake.url, "--api-url", fake.url + fake.api, "--token-file", "-"]
        printed = site.manage("connect_forge", "github", "--name", NAME, *address, stdin=TOKEN)
        secret = printed.partition(SECRET_LINE)[2].split()[0]
        site.manage("watch_repository", NAME, "acme/shop")
        given = {"secret": secret, "pulls": pulls, "repository": repo.id}
        with job_worker(site):
            sending = time.monotonic()
            took = flood(server, {**given, "count": count, "seconds": seconds})
            sending = time.monotonic() - sending
            began = time.monotonic()
            waiting = "SELECT count(*) FROM forges_delivery WHERE state = 'received'"
            wait_for(lambda: site.rows(waiting)[0][0] == 0, "all to be processed", DRAIN_SECONDS)
            drained = time.monotonic() - began
        states = dict(site.rows("SELECT state, count(*) FROM forges_delivery GROUP BY state"))
    print(f"{count} webhooks, sent in {sending:.0f} s instead of {seconds:.0f} s")
    print(f"kept: {states}; all processed {drained:.1f} s after the last one")
    for what, times in took.items():
        p50, p99, most = (f"{1000 * quantile(times, share):8.1f} ms" for share in (0.5, 0.99, 1))
        print(f"{what:<14} p50 {p50}   p99 {p99}   longest {most}")
    ratio = quantile(took["webhook"], 0.99) / quantile(took["/hitl/health"], 0.99)
    print(f"p99 of a webhook's answer: {ratio:.1f} × that of /hitl/health")
    return len(took["webhook"]) == count and states == {"processed": count} and ratio <= MOST_RATIO


def main() -> None:
    parser = argparse.ArgumentParser(prog="make webhooks", description=__doc__)
    parser.add_argument("--count", type=int, default=5000)
    parser.add_argument("--seconds", type=float, default=60.0)
    given = parser.parse_args()
    sys.exit(0 if run(given.count, given.seconds) else 1)


if __name__ == "__main__":
    main()
