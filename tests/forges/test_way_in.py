"""From a webhook to the stored pull request, with a server, workers and a fake of each forge."""

from collections.abc import Iterator
from contextlib import ExitStack
from urllib.parse import urlsplit

import httpx
import pytest

from hitl_project.servers.large_webhooks import AT_ONCE
from tests.support.forges import FAKES, FakeForge, FakeGitHub
from tests.support.forges.watched import PATH, are_equal, connected
from tests.support.forges.webhooks import hex_hmac
from tests.support.http_line import PIECE, Line
from tests.support.job_workers import job_worker
from tests.support.problems import assert_problem
from tests.support.site import Server, Site
from tests.support.waiting import START_SECONDS, wait_for
from tools.webhooks import losses

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


def test_what_happens_on_the_forge_is_stored_soon(site: Site, fake: FakeForge) -> None:
    with job_worker(site):
        pull = fake.bump(fake.repo_at(PATH))
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
    fake.bump(fake.repo_at(PATH))
    fake.webhooks.lose()
    with job_worker(site):
        wait_for(lambda: are_equal(site, fake), "it to be read")


@pytest.mark.server
def test_lost_doubled_and_reordered_webhooks_and_killed_workers_lose_nothing() -> None:
    outcome = losses.run(losses.SMALL)
    assert outcome.clean, outcome
    assert outcome.kills == losses.SMALL.kills
    assert outcome.lost


# -- Large ones -------------------------------------------------------------------------------


def post(fake: FakeForge, body: bytes) -> httpx.Response:
    digest = hex_hmac(fake.webhooks.secret, body)
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
