"""The console in Chromium, through nginx with TLS."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, WebSocket, async_playwright

from tests.support.chromium import OPTIONS
from tests.support.nginx import BEHIND, NAME, Nginx, nginx_before
from tests.support.site import PASSWORD, Site
from tests.support.tab import becomes, decide, recorded
from tests.support.waiting import wait_for

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.fixture(scope="module")
def nginx(site: Site) -> Iterator[Nginx]:
    """The way to a server of its own; old workers end soon after a reload."""
    with (
        site.uvicorn(**BEHIND) as server,
        nginx_before(server, worker_shutdown_timeout="1s") as running,
    ):
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def trusting(chromium: Path, nginx: Nginx) -> AsyncIterator[Browser]:
    """A browser that finds the console by its name, and trusts its certificate and no other."""
    switches = [
        f"--host-resolver-rules=MAP {NAME} 127.0.0.1",
        f"--ignore-certificate-errors-spki-list={nginx.certificate.pin}",
    ]
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=chromium, args=[*OPTIONS, *switches]
        )
        yield browser
        await browser.close()


class Reviewer:
    """Somebody who has signed in at the console's own address."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.sockets: list[WebSocket] = []
        page.on("websocket", lambda socket: self.sockets.append(socket))

    async def sign_in(self, address: str) -> None:
        await self.page.goto(address)
        await self.page.get_by_label("Username").fill("reviewer")
        await self.page.get_by_label("Password").fill(PASSWORD)
        await self.page.get_by_role("button", name="Sign in").click()
        await self.is_live()

    async def is_live(self) -> None:
        await becomes(lambda: self.page.get_attribute("#line", "data-status"), "live")

    async def sees(self, code: str) -> None:
        await self.page.get_by_role("link", name=code).wait_for()


@pytest_asyncio.fixture(loop_scope="session")
async def reviewer(trusting: Browser, nginx: Nginx, empty_queue: None) -> AsyncIterator[Reviewer]:
    context = await trusting.new_context()
    somebody = Reviewer(await context.new_page())
    await somebody.sign_in(f"https://{NAME}:{nginx.port}/")
    yield somebody
    await context.close()


async def test_console_is_live_and_decides_over_tls(
    reviewer: Reviewer, nginx: Nginx, site: Site
) -> None:
    assert [urlsplit(one.url).scheme for one in reviewer.sockets] == ["wss"]
    added = nginx.add_apv(package_name="urllib3")
    await reviewer.sees(added["apv_code"])
    await reviewer.page.get_by_role("link", name=added["apv_code"]).click()
    await reviewer.page.locator(f'#reading[data-code="{added["apv_code"]}"]').wait_for()
    await decide(reviewer.page)
    await becomes(recorded(site, added), ["approve"])


async def test_cookies_of_the_browser_are_secure(reviewer: Reviewer) -> None:
    cookies = {one["name"]: one for one in await reviewer.page.context.cookies()}
    assert cookies.keys() >= {"hitl_session", "csrftoken"}
    assert all(one["secure"] and one["sameSite"] == "Lax" for one in cookies.values())
    assert cookies["hitl_session"]["httpOnly"]
    assert "hitl_session" not in await reviewer.page.evaluate("document.cookie")


async def test_page_follows_on_after_nginx_was_reloaded(reviewer: Reviewer, nginx: Nginx) -> None:
    old = await asyncio.to_thread(nginx.reload)
    await asyncio.to_thread(
        wait_for, lambda: not any(one.is_running() for one in old), "old workers to end"
    )
    added = nginx.add_apv(package_name="after-the-reload")
    await reviewer.sees(added["apv_code"])
    await reviewer.is_live()
    assert len(reviewer.sockets) == 2
