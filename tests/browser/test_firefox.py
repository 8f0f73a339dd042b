"""The console in Firefox, if installed: what other browsers do differently."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.support.firefox import CONTROL, ENTER, Firefox, find, firefox
from tests.support.site import Server, Site, serving
from tests.support.tab import REASON, port_of

pytestmark = pytest.mark.asyncio(loop_scope="session")

LINE = "document.body.dataset.line"


@pytest_asyncio.fixture(loop_scope="session")
async def tab(empty_queue: None) -> AsyncIterator[Firefox]:
    executable = find()
    if executable is None:
        pytest.skip("there is no firefox on PATH, and FIREFOX is not set")
    async with firefox(executable) as tab:
        yield tab


async def open_console(tab: Firefox, server: Server, path: str = "/") -> None:
    for name, text in server.client("reviewer").cookies.items():
        await tab.keep_cookie(name, text)
    await tab.open(server.origin + path)
    await tab.shows(LINE, "live")


async def test_decision_is_sent_when_it_was_confirmed_and_not_before(
    tab: Firefox, server: Server, site: Site
) -> None:
    apv = server.add_apv()
    await open_console(tab, server, f"/apvs/{apv['apv_code']}")
    await tab.press("r")
    await tab.shows("document.activeElement.id", "id_justification")
    await tab.press(REASON)
    await tab.press(ENTER, held=CONTROL)
    await tab.shows("document.getElementById('confirm').open", True)
    await tab.shows("document.activeElement.value", "send")
    assert not site.rows("SELECT FROM reviews_decision")
    await tab.press(ENTER)
    await tab.shows("document.getElementById('toast').hidden", False)
    assert site.rows("SELECT decision FROM reviews_decision") == [("reject",)]


async def test_page_goes_on_where_it_was_when_the_server_is_back(tab: Firefox, site: Site) -> None:
    async with serving(site) as server:
        await open_console(tab, server)
        server.process.kill()
        server.process.wait()
        await tab.shows(LINE, "stale")
    async with serving(site, port_of(server)) as server:
        added = server.add_apv(package_name="while-away")
        await tab.shows(LINE, "live")
        await tab.shows(f"document.body.innerText.includes({added['apv_code']!r})", True)
