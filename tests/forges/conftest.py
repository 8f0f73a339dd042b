from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from forges.clients import app_auth, client_for, limits
from forges.clients.base import Client
from forges.models import Forge, Repository
from tests.support.forge_webhooks import connected
from tests.support.forges import FAKES, Connect, FakeForge, FakeGitHub, FakeGitLab, Pull, Repo


@pytest.fixture(autouse=True)
def nothing_remembered() -> Iterator[None]:
    """Forget limits and tokens of forges: a later test's may have the same address."""
    yield
    limits.forget()
    app_auth.forget()


@pytest.fixture(params=FAKES, ids=[fake.kind for fake in FAKES])
def fake(request: pytest.FixtureRequest) -> Iterator[FakeForge]:
    """A fake of each kind of forge."""
    with request.param() as forge:
        yield forge


@pytest.fixture(params=["github", "gitlab", "gitea"])
def forge(request: pytest.FixtureRequest) -> Forge:
    """Store a forge of each kind, where nobody answers."""
    return connected(request.param)


@pytest.fixture
def github() -> Iterator[FakeGitHub]:
    with FakeGitHub() as forge:
        yield forge


@pytest.fixture
def gitlab() -> Iterator[FakeGitLab]:
    with FakeGitLab() as forge:
        yield forge


@pytest.fixture
def connect() -> Iterator[Connect]:
    """Return clients that are closed after the test."""
    with ExitStack() as stack:
        yield lambda forge: stack.enter_context(client_for(forge))


@pytest.fixture
def client(fake: FakeForge, connect: Connect) -> Client:
    return connect(fake.row())


@pytest.fixture
def pull(fake: FakeForge) -> Pull:
    return fake.open_pull_request(fake.repository("acme/shop"), "bump", {"a": "1\n"})


@pytest.fixture
def repo(fake: FakeForge) -> Repo:
    return fake.repository("acme/shop", {"package.json": "{}\n"})


@pytest.fixture
def repository(fake: FakeForge, repo: Repo) -> Repository:
    """Store that repository of the fake as a watched one."""
    return fake.watched(repo.path)


@pytest.fixture
def elsewhere() -> Iterator[FakeForge]:
    """Another forge than the one that is asked."""
    with FakeGitHub() as forge:
        yield forge
