"""useWebSocket in a console that had a hook of its own, built by Vite, against a real server."""

import asyncio
import json
from typing import Any

import pytest
from playwright.async_api import expect

from tests.support.proxy import Proxy
from tests.support.react_app import App, OpenApp, added, take_cookies
from tests.support.site import Server, Site, serving
from tests.support.tab import becomes, port_of

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def console(open_app: OpenApp, origin: str, **options: Any) -> App:
    """Open the team's console, with options for its hook."""
    return await open_app(origin, view="console", options=json.dumps(options))


async def kinds(app: App) -> list[str]:
    """Return the types of the messages that the component was given, each once, in order."""
    told = [one["type"] for one in await app.page.evaluate("heard")]
    return list(dict.fromkeys(told))


async def test_hook_gives_what_it_always_gave(open_app: OpenApp, server: Server) -> None:
    app = await console(open_app, server.origin)
    await app.status_becomes("connected")
    assert await app.page.evaluate("Object.keys(socket).sort()") == sorted(
        ["status", "clientId", "isConnected", "connect", "disconnect", "subscribe", "ping"]
    )
    assert await app.page.evaluate("socket.isConnected")
    assert len(await app.page.evaluate("socket.clientId")) == 36
    await app.page.evaluate("socket.ping()")
    await app.becomes("heard.some(({ type }) => type === 'pong')", True)
    assert (await kinds(app))[:2] == ["connection_ack", "subscription_confirmed"]


async def test_component_shows_what_happens(open_app: OpenApp, server: Server) -> None:
    app = await console(open_app, server.origin)
    await app.status_becomes("connected")
    apv = server.add_apv(package_name="urllib3", severity="CRITICAL")
    code = app.page.locator("#queue").get_by_text(apv["apv_code"])
    await expect(app.page.get_by_text("arrived: urllib3")).to_be_visible()
    assert server.decide(apv["apv_id"]).status_code == 200
    await expect(app.page.get_by_text("approve by Rita Reviewer")).to_be_visible()
    await expect(code).to_have_count(0)
    stats = server.client().get("/hitl/reviews/stats").json()
    names = ("pending_reviews", "critical_pending", "decisions_today", "total_decisions")
    await expect(app.page.locator("dd")).to_have_text([str(stats[name]) for name in names])
    assert len(app.sockets) == 1  # though each render passes another array of channels


async def test_more_channels_can_be_subscribed_to(open_app: OpenApp, server: Server) -> None:
    app = await console(open_app, server.origin, channels=["decisions"])
    await app.status_becomes("connected")
    await app.page.evaluate("socket.subscribe(['apvs'])")
    await app.becomes("heard.filter(({ type }) => type === 'subscription_confirmed').length", 2)
    await app.hears(added(server, 2), "console")


async def test_cut_line_loses_nothing_and_doubles_nothing(
    open_app: OpenApp, server: Server, proxy: Proxy
) -> None:
    app = await console(open_app, proxy.origin, reconnectInterval=100)
    await app.status_becomes("connected")
    first = await app.page.evaluate("socket.clientId")
    proxy.refuse(True)
    proxy.cut()
    await app.status_becomes("reconnecting")
    told = added(server, 3)
    proxy.refuse(False)
    await app.hears(told, "console")
    await app.status_becomes("connected")
    assert await app.page.evaluate("socket.clientId") != first


async def test_connecting_while_it_waits_is_an_attempt_at_once(
    open_app: OpenApp, server: Server, proxy: Proxy
) -> None:
    app = await console(open_app, proxy.origin, reconnectInterval=3_600_000)
    await app.status_becomes("connected")
    proxy.cut()
    await app.status_becomes("reconnecting")
    told = added(server, 1)
    await app.page.get_by_role("button", name="Connect").click()
    await app.hears(told, "console")


async def test_restarted_server_loses_nothing_and_doubles_nothing(
    open_app: OpenApp, site: Site, server: Server
) -> None:
    async with serving(site) as restarted:
        app = await console(
            open_app, restarted.origin, reconnectInterval=100, maxReconnectAttempts=10_000
        )
        await app.status_becomes("connected")
        told = await asyncio.to_thread(added, restarted, 5)
    told += added(server, 3)
    async with serving(site, port_of(restarted)):
        await app.hears(told, "console")
        await app.status_becomes("connected")


async def test_hook_gives_up_after_the_attempts_it_may_make(
    open_app: OpenApp, server: Server, proxy: Proxy
) -> None:
    app = await console(open_app, proxy.origin, reconnectInterval=20, maxReconnectAttempts=3)
    await app.status_becomes("connected")
    before = len(app.sockets)
    proxy.refuse(True)
    proxy.cut()
    await app.status_becomes("disconnected")
    assert len(app.sockets) == before + 3
    told = added(server, 2)
    proxy.refuse(False)
    await app.page.get_by_role("button", name="Connect").click()
    await app.hears(told, "console")
    await app.status_becomes("connected")


async def test_component_connects_when_it_is_told_to(open_app: OpenApp, server: Server) -> None:
    app = await console(open_app, server.origin, autoConnect=False)
    await app.status_becomes("disconnected")
    assert app.sockets == []
    await app.page.get_by_role("button", name="Connect").click()
    await app.status_becomes("connected")
    await app.page.get_by_role("button", name="Disconnect").click()
    await app.status_becomes("disconnected")
    await becomes(app.open_sockets, 0)
    told = added(server, 2)
    await app.page.get_by_role("button", name="Connect").click()
    await app.hears(told, "console")


async def test_user_who_is_signed_out_is_told_so(
    open_app: OpenApp, server: Server, proxy: Proxy
) -> None:
    app = await console(open_app, proxy.origin, reconnectInterval=20)
    await app.status_becomes("connected")
    cookies = await take_cookies(app.page.context)
    proxy.cut()
    await app.status_becomes("error")
    told = added(server, 1)
    await app.page.context.add_cookies(cookies)
    await app.page.get_by_role("button", name="Connect").click()
    await app.hears(told, "console")
