from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from forges.clients import app_auth, client_for, limits
from forges.clients.base import Client
from forges.models import Forge
from tests.support.forges import FAKES, FakeForge, FakeGitHub


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


@pytest.fixture
def github() -> Iterator[FakeGitHub]:
    with FakeGitHub() as forge:
        yield forge


@pytest.fixture
def connect() -> Iterator[Callable[[Forge], Client]]:
    """Return clients that are closed after the test."""
    with ExitStack() as stack:
        yield lambda forge: stack.enter_context(client_for(forge))
