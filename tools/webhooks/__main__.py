"""Send webhooks at a rate; exit with 1 if one is lost or their answers are too slow.

Beside them, `/hitl/health` is asked and a socket is pinged, at the same rate before and during the
flood. One worker processes the webhooks meanwhile.
"""

import argparse
import asyncio
import hashlib
import hmac
import json
import os
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any

import django
import httpx

from tests.support import environment  # noqa: F401 — first: it starts PostgreSQL

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hitl_project.settings")
django.setup()

from tests.support.forges import TOKEN, FakeGitHub  # noqa: E402 — these need the apps
from tests.support.job_workers import job_worker  # noqa: E402
from tests.support.site import Server, Site  # noqa: E402
from tests.support.waiting import wait_for  # noqa: E402

NAME, SECRET_LINE = "flood", "secret:"
MOST_RATIO = 3.0
BESIDE_PER_SECOND = 20
SIZE = 20_000
"""About how large GitHub's webhooks about pull requests are, in bytes."""
DRAIN_SECONDS = 600


async def at_rate(
    count: int, per_second: float, act: Callable[[int], Awaitable[Any]]
) -> list[float]:
    """Act so often, whatever earlier ones take; return the seconds that each took."""
    began = time.monotonic()

    async def one(number: int) -> float:
        await asyncio.sleep(max(0.0, began + number / per_second - time.monotonic()))
        started = time.monotonic()
        await act(number)
        return time.monotonic() - started

    return await asyncio.gather(*(one(number) for number in range(count)))


def webhook(number: int, pulls: list[int], repository: int, secret: str) -> Any:
    pull = pulls[number % len(pulls)]
    body = json.dumps(
        {
            "action": "synchronize",
            "number": pull,
            "pull_request": {"number": pull, "body": "x" * SIZE},
            "repository": {"id": repository, "full_name": "acme/shop"},
        }
    ).encode()
    digest = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    headers = {
        "X-Hub-Signature-256": f"sha256={digest}",
        "X-GitHub-Event": "pull_request",
        "X-GitHub-Delivery": f"flood-{number}",
    }
    return body, headers


async def flood(server: Server, made: list[Any], seconds: float) -> dict[str, list[float]]:
    limits = httpx.Limits(max_connections=200, max_keepalive_connections=200)
    async with (
        httpx.AsyncClient(base_url=server.origin, timeout=60, limits=limits) as client,
        httpx.AsyncClient(base_url=server.origin, timeout=60) as other,
        server.socket() as socket,
    ):

        async def send(number: int) -> None:
            body, headers = made[number]
            answer = await client.post(
                f"/hitl/forges/{NAME}/webhook", content=body, headers=headers
            )
            assert answer.status_code == 202, answer.text

        async def health(_: int) -> None:
            assert (await other.get("/hitl/health")).status_code == 200

        turn = asyncio.Lock()

        async def ping(_: int) -> None:
            async with turn:
                await socket.ask({"type": "ping"})

        beside = int(seconds * BESIDE_PER_SECOND)
        webhooks, healths, pings = await asyncio.gather(
            at_rate(len(made), len(made) / seconds, send),
            at_rate(beside, BESIDE_PER_SECOND, health),
            at_rate(beside, BESIDE_PER_SECOND, ping),
        )
    return {"webhook": webhooks, "/hitl/health": healths, "ping": pings}


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
        made = [webhook(number, pulls, repo.id, secret) for number in range(count)]
        with job_worker(site):
            took = asyncio.run(flood(server, made, seconds))
            began = time.monotonic()
            waiting = "SELECT count(*) FROM forges_delivery WHERE state = 'received'"
            wait_for(lambda: site.rows(waiting)[0][0] == 0, "all to be processed", DRAIN_SECONDS)
            drained = time.monotonic() - began
        states = dict(site.rows("SELECT state, count(*) FROM forges_delivery GROUP BY state"))
    print(f"{count} webhooks in {seconds:.0f} s; kept: {states}; processed {drained:.1f} s later")
    for what, times in took.items():
        p50, p99, most = (f"{1000 * quantile(times, share):8.1f} ms" for share in (0.5, 0.99, 1))
        print(f"{what:<14} p50 {p50}   p99 {p99}   longest {most}")
    ratio = quantile(took["webhook"], 0.99) / quantile(took["/hitl/health"], 0.99)
    print(f"p99 of a webhook's answer: {ratio:.1f} × that of /hitl/health")
    return states == {"processed": count} and ratio <= MOST_RATIO


def main() -> None:
    parser = argparse.ArgumentParser(prog="make webhooks", description=__doc__)
    parser.add_argument("--count", type=int, default=5000)
    parser.add_argument("--seconds", type=float, default=60.0)
    given = parser.parse_args()
    sys.exit(0 if run(given.count, given.seconds) else 1)


if __name__ == "__main__":
    main()
