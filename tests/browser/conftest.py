from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
import pytest_asyncio

from tests.support.browsers import browser, chromium, new_context, proxy
from tests.support.redis_server import RedisServer
from tests.support.site import Server, Site
from tests.support.tab import KEEP_STATUSES, NewContext, OpenTab, Tab

__all__ = ["browser", "chromium", "new_context", "proxy"]


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
    site.empty("reviews_apv, reviews_batch")


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
