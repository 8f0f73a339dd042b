from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection

from tests.support.site import Server, Site, Start

EMPTIABLE_AUDIT = """
ALTER TABLE audit_entry DISABLE TRIGGER audit_is_never_emptied;
ALTER TABLE audit_head DISABLE TRIGGER audit_head_is_never_gone;
DELETE FROM audit_head;
INSERT INTO audit_head (id, sequence, mac) VALUES (1, 0, repeat('0', 64));
"""


@pytest.fixture(autouse=True)
def emptiable_audit(request: Any) -> None:
    """Lets every table be emptied behind a test that commits, the audit too."""
    mark = request.node.get_closest_marker("django_db")
    if mark is not None and mark.kwargs.get("transaction"):
        request.getfixturevalue("transactional_db")
        with connection.cursor() as cursor:
            cursor.execute(EMPTIABLE_AUDIT)


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
def each_server(request: Any) -> Server:
    """The server of `serve`, and that of `runserver`, whose sockets are to be the same."""
    found: Server = request.getfixturevalue(f"{request.param}_server")
    return found


@pytest.fixture(scope="session")
def server(uvicorn_server: Server) -> Server:
    """What `serve` runs; tests of sockets have `each_server` by this name."""
    return uvicorn_server


@pytest.fixture
def start(site: Site) -> Start:
    """Starts a server with settings of the test's own: `with start(NAME="…")`."""
    return site.uvicorn
