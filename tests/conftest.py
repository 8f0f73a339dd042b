from collections.abc import Iterator
from typing import Any

import pytest

from tests.site import Server, Site


@pytest.fixture(scope="session")
def site() -> Site:
    """An installation whose data outlives the tests; each looks only at what it made itself."""
    return Site("site")


@pytest.fixture(scope="session")
def uvicorn_server(site: Site) -> Iterator[Server]:
    with site.uvicorn() as server:
        yield server


@pytest.fixture(scope="session")
def daphne_server(site: Site) -> Iterator[Server]:
    with site.daphne() as server:
        yield server


@pytest.fixture(scope="session", params=["uvicorn", "daphne"])
def server(request: Any) -> Server:
    """Each server that the project supports, in turn."""
    found: Server = request.getfixturevalue(f"{request.param}_server")
    return found
