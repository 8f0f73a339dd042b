from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, async_playwright, expect

from tests.support.chromium import OPTIONS, NoChromium, obtain
from tests.support.proxy import Proxy
from tests.support.redis_server import RedisServer
from tests.support.site import Server, Site
from tests.support.tab import KEEP_STATUSES, NewContext, OpenTab, Tab, port_of
from tests.support.waiting import ANSWER_SECONDS

expect.set_options(timeout=1000 * ANSWER_SECONDS)  # Playwright's own are 5 s


@pytest.fixture(scope="session")
def chromium() -> Path:
    try:
        return obtain()
    except NoChromium as error:
        pytest.fail(str(error), pytrace=False)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser(chromium: Path) -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=OPTIONS)
        yield browser
        await browser.close()


@pytest.fixture(scope="session")
def redis_server() -> Iterator[RedisServer]:
    server = RedisServer()
    yield server
    server.remove()


@pytest.fixture(scope="session")
def site(redis_server: RedisServer) -> Site:
    """An installation with its own Redis."""
    return Site("browser", REDIS_URL=redis_server.url)


@pytest.fixture(scope="session")
def server(site: Site) -> Iterator[Server]:
    with site.uvicorn() as server:
        yield server


@pytest.fixture
def empty_queue(site: Site) -> None:
    site.empty("reviews_apv")


@pytest_asyncio.fixture(loop_scope="session")
async def proxy(server: Server) -> AsyncIterator[Proxy]:
    """A connection to the server that a test can break."""
    async with Proxy(port_of(server)) as proxy:
        yield proxy


@pytest_asyncio.fixture(loop_scope="session")
async def new_context(browser: Browser, server: Server) -> AsyncIterator[NewContext]:
    """Make a browser in which a user is signed in, or nobody for ""."""
    contexts: list[BrowserContext] = []

    async def make(user: str = "reviewer", **options: Any) -> BrowserContext:
        context = await browser.new_context(**options)
        contexts.append(context)
        cookies: Any = [
            {"name": name, "value": text, "url": server.origin}
            for name, text in server.client(user).cookies.items()
        ]
        await context.add_cookies(cookies)
        return context

    yield make
    for context in contexts:
        await context.close()


@pytest_asyncio.fixture(loop_scope="session")
async def open_tab(
    new_context: NewContext, server: Server, empty_queue: None
) -> AsyncIterator[OpenTab]:
    """Open a page of the console and wait until it is live.

    `luck` replaces Math.random, so that a backoff is short; `clock` gives the page a clock that the
    test can move; `script` runs before the page's own; `options` are the browser's.
    """
    tabs: list[Tab] = []

    async def open_(
        origin: str = server.origin,
        path: str = "/",
        *,
        user: str = "reviewer",
        luck: float = 0.05,
        clock: bool = False,
        script: str = "",
        **options: Any,
    ) -> Tab:
        page = await (await new_context(user, **options)).new_page()
        tab = Tab(page, origin, server)
        tabs.append(tab)
        if clock:
            await page.clock.install()
        await page.add_init_script(f"Math.random = () => {luck};{KEEP_STATUSES}{script}")
        await tab.open(path)
        return tab

    yield open_
    assert [tab.errors for tab in tabs if tab.errors] == []
