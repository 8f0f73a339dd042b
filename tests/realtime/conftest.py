from typing import Any

import pytest

from tests.support.site import Server, Site, Start


@pytest.fixture(scope="session")
def server(each_server: Server) -> Server:
    return each_server


@pytest.fixture(params=["uvicorn", "daphne"])
def start(request: Any, site: Site) -> Start:
    """Starts a server of each kind, with settings of the test's own: `with start(NAME="…")`."""
    started: Start = getattr(site, request.param)
    return started
