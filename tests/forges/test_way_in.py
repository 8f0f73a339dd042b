"""From a webhook to the stored pull request, with a server, workers and a fake of each forge."""

import hashlib
import hmac
import random
import re
import signal
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from hitl_project.servers.large_webhooks import AT_ONCE
from tests.support.forges import FAKES, TOKEN, FakeForge, FakeGitHub, Pull
from tests.support.forges.webhooks import Webhook
from tests.support.http_line import PIECE, Line
from tests.support.job_workers import job_worker
from tests.support.problems import assert_problem
from tests.support.site import Server, Site
from tests.support.waiting import START_SECONDS, wait_for

PATH = "acme/shop"
MIB = 1024 * 1024


@pytest.fixture(scope="session")  # its database can be made only once
def site() -> Site:
    return Site("way-in")


@pytest.fixture(scope="module")
def server(site: Site) -> Iterator[Server]:
    with site.uvicorn() as server:
        yield server


@pytest.fixture(params=FAKES, ids=[fake.kind for fake in FAKES])
def fake(request: pytest.FixtureRequest, site: Site, server: Server) -> Iterator[FakeForge]:
    with connected(request.param, site, server) as forge:
        yield forge


@contextmanager
def connected(kind: type[FakeForge], site: Site, server: Server) -> Iterator[FakeForge]:
    """A fake with a watched repository, which delivers its webhooks to the server."""
    with kind() as fake:
        fake.repository(PATH, {"package.json": "{}\n"})
        name = f"{fake.kind}-{fake.url.rpartition(':')[2]}"
        address = ["--url", fake.url, "--api-url", fake.url + fake.api, "--token-file", "-"]
        printed = site.manage("connect_forge", fake.kind, "--name", name, *address, stdin=TOKEN)
        secret = re.search(r"secret:  (\S+)", printed)
        assert secret, printed
        site.manage("watch_repository", name, PATH)
        fake.deliver_to(f"{server.origin}/hitl/forges/{name}/webhook", secret[1])
        yield fake
        site.manage("watch_repository", name, PATH, "--stop")


def name_of(fake: FakeForge) -> str:
    return fake.webhooks.url.split("/")[-2]


STORED = """
SELECT number, title, state, head_sha, draft FROM forges_pullrequest AS pull
JOIN forges_repository AS repository ON repository.id = pull.repository_id
JOIN forges_forge AS forge ON forge.id = repository.forge_id
WHERE forge.name = %s ORDER BY number
"""
WAITING = "SELECT count(*) FROM procrastinate_jobs WHERE status IN ('todo', 'doing')"


def ours(site: Site, fake: FakeForge) -> list[tuple[Any, ...]]:
    return site.rows(STORED, name_of(fake))


def theirs(fake: FakeForge) -> list[tuple[Any, ...]]:
    pulls = fake.repo_at(PATH).pulls
    return [
        (one.number, one.title, one.state, one.head_sha, one.draft)
        for _, one in sorted(pulls.items())
    ]


def are_equal(site: Site, fake: FakeForge) -> bool:
    return ours(site, fake) == theirs(fake)


def opened(fake: FakeForge, branch: str = "bump") -> Pull:
    title, author = f"Bump {branch}", "dependabot[bot]"
    files = {f"{branch}.txt": "new\n"}
    return fake.open_pull_request(fake.repo_at(PATH), branch, files, title=title, author=author)


def test_what_happens_on_the_forge_is_stored_soon(site: Site, fake: FakeForge) -> None:
    with job_worker(site):
        pull = opened(fake)
        wait_for(lambda: are_equal(site, fake), "it to be opened here")
        fake.push(pull, {"bump.txt": "newer\n"}, force=True)
        wait_for(lambda: are_equal(site, fake), "its new head")
        fake.edit(pull, title="Bump it")
        wait_for(lambda: are_equal(site, fake), "its new title")
        fake.close(pull)
        wait_for(lambda: are_equal(site, fake), "its end")
        fake.reopen(pull)
        wait_for(lambda: are_equal(site, fake), "it to be open again")
    fake.webhooks.settle()
    assert {one.status for one in fake.webhooks.sent} == {202}


def test_a_worker_that_starts_makes_up_for_what_was_lost(site: Site, fake: FakeForge) -> None:
    fake.webhooks.hold()
    opened(fake)
    fake.webhooks.lose()
    with job_worker(site):
        wait_for(lambda: are_equal(site, fake), "it to be read")


def shuffled(held: Sequence[Webhook]) -> Sequence[Webhook]:
    return random.Random(7).sample(list(held), len(held))


KILLS = 3


def test_lost_doubled_and_reordered_webhooks_and_killed_workers_lose_nothing(
    site: Site, server: Server
) -> None:
    """After one reconciliation, ours equal the forge's."""
    with connected(FakeGitHub, site, server) as fake:
        pulls = [opened(fake, f"b{number}") for number in range(8)]
        for times in range(KILLS):
            with job_worker(site) as worker:
                fake.webhooks.hold()
                for number, pull in enumerate(pulls):
                    change(fake, pull, number, times)
                if times == 1:
                    fake.webhooks.lose()
                else:
                    fake.webhooks.release(shuffled, times=2)
                    wait_for(lambda: site.rows(WAITING)[0][0] > 0, "jobs")
                worker.process.send_signal(signal.SIGKILL)
                worker.process.wait()
        fake.webhooks.settle()
        with job_worker(site):
            wait_for(lambda: site.rows(WAITING)[0][0] == 0, "all jobs to end", START_SECONDS)
        site.manage("sync_forges", name_of(fake))
        assert ours(site, fake) == theirs(fake)
        assert len(ours(site, fake)) == len(pulls)
        failed = "SELECT count(*) FROM procrastinate_jobs WHERE status = 'failed'"
        assert site.rows(failed) == [(0,)]


def change(fake: FakeForge, pull: Pull, number: int, times: int) -> None:
    match (number + times) % 4:
        case 0:
            fake.push(pull, {f"b{number}.txt": f"{times}\n"}, force=True)
        case 1:
            fake.edit(pull, title=f"Bump {times}")
        case 2 if pull.state == "open":
            fake.close(pull)
        case _ if pull.state == "closed":
            fake.reopen(pull)


# -- Large ones -------------------------------------------------------------------------------


def post(fake: FakeForge, body: bytes) -> httpx.Response:
    digest = hmac.new(fake.webhooks.secret.encode(), body, hashlib.sha256).hexdigest()
    headers = {"X-Hub-Signature-256": f"sha256={digest}", "X-GitHub-Event": "push"}
    return httpx.post(fake.webhooks.url, content=body, headers=headers, timeout=60)


@pytest.mark.parametrize(("size", "status"), [(1 * MIB, 202), (24 * MIB, 202), (26 * MIB, 413)])
def test_webhook_may_be_as_large_as_forges_send_them(
    site: Site, server: Server, size: int, status: int
) -> None:
    with connected(FakeGitHub, site, server) as fake:
        answer = post(fake, b'{"a": "' + b"x" * (size - 9) + b'"}')
        assert answer.status_code == status, answer.text
        if status == 413:
            assert_problem(answer, 413)


def test_large_one_without_a_signature_is_refused(site: Site, server: Server) -> None:
    with connected(FakeGitHub, site, server) as fake:
        answer = httpx.post(fake.webhooks.url, content=b"x" * MIB, timeout=60)
        assert_problem(answer, 401)


def test_strangers_take_the_room_for_large_ones_but_small_ones_are_taken(
    site: Site, server: Server
) -> None:
    with connected(FakeGitHub, site, server) as fake, ExitStack() as stack:
        lines = [stack.enter_context(Line(server)) for _ in range(AT_ONCE + 2)]
        for line in lines:
            line.socket.settimeout(START_SECONDS)
            line.head("Transfer-Encoding: chunked", path=urlsplit(fake.webhooks.url).path)
            line.chunk(PIECE)
            line.chunk(PIECE)
        assert post(fake, b'{"small": true}').status_code == 202
        statuses = [line.answer()[0] for line in lines]
        assert set(statuses) <= {408, 503}
        assert statuses.count(408) >= AT_ONCE
        assert post(fake, b'{"a": "' + b"x" * MIB + b'"}').status_code == 202
