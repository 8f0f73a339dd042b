"""Pages of another origin, without a cookie of the console: each socket has a ticket of its own."""

from collections.abc import Iterator

import pytest
from playwright.async_api import Page

from tests.support.app_server import AppServer
from tests.support.people import issue
from tests.support.proxy import Proxy
from tests.support.react_app import OpenApp, added
from tests.support.site import Server, Site
from tests.support.tab import NewContext, becomes

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.fixture(autouse=True)
def tickets(app_server: AppServer, site: Site) -> Iterator[None]:
    """Let the team's server give tickets, and count them."""
    app_server.token = app_server.token or issue(site, "reviewer")
    app_server.tickets = 0
    yield
    app_server.ticket_status = 200


async def stranger(new_context: NewContext) -> Page:
    return await (await new_context("")).new_page()


async def test_each_socket_is_opened_with_a_ticket_of_its_own(
    open_app: OpenApp,
    new_context: NewContext,
    app_server: AppServer,
    server: Server,
    proxy: Proxy,
) -> None:
    app = await open_app(proxy.origin, page=await stranger(new_context), tickets="")
    await app.status_becomes("live")
    told = added(server, 1)
    await app.hears(told)
    assert app_server.tickets == 1
    proxy.cut()
    told += added(server, 2)
    await app.hears(told)
    await app.status_becomes("live")
    addresses = [socket.url for socket in app.sockets]
    assert len(set(addresses)) == len(addresses) == app_server.tickets
    assert all("?token=" in address for address in addresses)


async def test_page_without_ticket_or_cookie_is_refused(
    open_app: OpenApp, new_context: NewContext
) -> None:
    app = await open_app(page=await stranger(new_context))
    await app.status_becomes("refused")


@pytest.mark.parametrize("status", [401, 403])
async def test_server_that_gives_no_ticket_refuses_until_it_is_asked_again(
    open_app: OpenApp, new_context: NewContext, app_server: AppServer, status: int
) -> None:
    app_server.ticket_status = status
    app = await open_app(page=await stranger(new_context), tickets="")
    await app.status_becomes("refused")
    assert app.sockets == []
    app_server.ticket_status = 200
    await app.page.get_by_role("button", name="Retry").click()
    await app.status_becomes("live")


async def test_server_that_cannot_give_a_ticket_now_is_asked_again(
    open_app: OpenApp, new_context: NewContext, app_server: AppServer
) -> None:
    app_server.ticket_status = 503
    app = await open_app(page=await stranger(new_context), tickets="")

    async def asked_twice() -> bool:
        return app_server.tickets >= 2

    await becomes(asked_twice, True)
    app_server.ticket_status = 200
    await app.status_becomes("live")
