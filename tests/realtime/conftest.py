from typing import Any

import pytest

from tests.support.site import Server, Site, Start


@pytest.fixture(scope="session")
def server(each_server: Server) -> Server:
    return each_server


@pytest.fixture(params=["uvicorn", "daphne"])
def start(request: Any, site: Site) -> Start:
    """Start a server of each kind, with the test's own settings: `with start(NAME="…")`."""
    started: Start = getattr(site, request.param)
    return started
