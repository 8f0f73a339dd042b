from collections.abc import Iterator
from typing import Any

import pytest

from forges.clients import app_auth, limits
from tests.support.decided import Decided
from tests.support.forges import FAKES, FakeForge, FakeGitHub


@pytest.fixture(autouse=True)
def nothing_remembered() -> Iterator[None]:
    """Forget limits and tokens of forges: a later test's may have the same address."""
    yield
    limits.forget()
    app_auth.forget()


@pytest.fixture(autouse=True)
def nothing_held(settings: Any) -> None:
    settings.HITL_UNDO_SECONDS = 0


@pytest.fixture(params=FAKES, ids=[fake.kind for fake in FAKES])
def fake(request: pytest.FixtureRequest) -> Iterator[FakeForge]:
    """A fake of each kind of forge."""
    with request.param() as forge:
        yield forge


@pytest.fixture
def decided(fake: FakeForge, db: None) -> Decided:
    return Decided(fake)


@pytest.fixture
def github() -> Iterator[FakeGitHub]:
    with FakeGitHub() as forge:
        yield forge
