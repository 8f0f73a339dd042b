from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from hitl_client import AsyncClient, Client
from tests.support.both_clients import Connect, EachClient
from tests.support.client_wheel import new_environment
from tests.support.people import issue
from tests.support.site import Server, Site


@pytest.fixture(scope="session")
def tokens(site: Site) -> dict[str, str]:
    """Tokens of the demo users by name."""
    return {name: issue(site, name) for name in ("reviewer", "lead", "pipeline")}


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of a virtual environment that has nothing but the client."""
    return new_environment(tmp_path_factory.mktemp("installed"))


@pytest.fixture(params=[Client, AsyncClient], ids=["sync", "async"])
def connect(request: Any, server: Server, tokens: dict[str, str]) -> Iterator[Connect]:
    """Return a function that makes a client of each kind, for a user and, if given, an address."""
    with ExitStack() as stack:

        def made(user: str = "reviewer", url: str = server.origin, **options: Any) -> EachClient:
            token = options.pop("token", tokens.get(user))
            return stack.enter_context(EachClient(request.param, url, token, **options))

        yield made
