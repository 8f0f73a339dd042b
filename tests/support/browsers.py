"""Fixtures of tests in a browser, for the conftest.py of each folder that has some."""

import os
import re
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Error, Route, async_playwright, expect

from tests.support.chromium import OPTIONS, NoChromium, obtain
from tests.support.proxy import Proxy
from tests.support.site import Server
from tests.support.tab import NewContext, port_of
from tests.support.waiting import ANSWER_SECONDS, pause

expect.set_options(timeout=1000 * ANSWER_SECONDS)  # Playwright's own are 5 s

LATE_SECONDS = 1.0
LATE = {
    "scripts": re.compile(r"\.js\?joined$"),
    "answers": re.compile(r"^http://[^/]+/(?!static/)"),
}
"""What comes late to every browser if the environment has its name as LATE.

Scripts are those that pages load when they need them. A test that fails then races what it waits
for, or has found that the console does.
"""


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
        if late := os.environ.get("LATE"):
            await context.route(LATE[late], _come_late)
        cookies: Any = [
            {"name": name, "value": text, "url": server.origin}
            for name, text in server.client(user).cookies.items()
        ]
        await context.add_cookies(cookies)
        return context

    yield make
    for context in contexts:
        await context.close()


async def _come_late(route: Route) -> None:
    await pause(LATE_SECONDS)
    with suppress(Error):  # the page is gone
        await route.continue_()
