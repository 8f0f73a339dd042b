"""Which pages may open the socket."""

from collections.abc import Iterator
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus

from tests.support.people import issue
from tests.support.site import Server, Site

ALLOWED = "https://console.example.com,http://[::1]:8080"
REFUSED = [
    "null",
    "http://console.example.com",
    "https://console.example.com:8443",
    "https://console.example.com.evil.example",
    "https://evil.example?https://console.example.com",
    "https://sub.console.example.com",
    "https://CONSOLE.example.com",
    "https://console.example.com/",
    "http://[::1]",
]


@pytest.fixture(scope="module", params=["uvicorn", "daphne"])
def server(request: Any, site: Site) -> Iterator[Server]:
    """A server that knows two origins."""
    with getattr(site, request.param)(HITL_ALLOWED_ORIGINS=ALLOWED) as server:
        yield server


@pytest.mark.parametrize("origin", ALLOWED.split(","))
async def test_page_of_an_allowed_origin_opens_the_socket(server: Server, origin: str) -> None:
    async with server.socket(origin=origin) as socket:
        assert (await socket.ask({"type": "ping"}))["type"] == "pong"


@pytest.mark.parametrize("origin", REFUSED)
async def test_page_of_any_other_origin_is_refused_before_the_upgrade(
    server: Server, origin: str
) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with server.raw_socket(origin=origin):
            pass
    assert refused.value.response.status_code == 403


async def test_good_token_does_not_help_a_page_of_another_origin(
    server: Server, site: Site
) -> None:
    headers = {"Authorization": f"Bearer {issue(site, 'reviewer')}"}
    with pytest.raises(InvalidStatus) as refused:
        async with server.raw_socket("", headers=headers, origin="https://evil.example"):
            pass
    assert refused.value.response.status_code == 403
