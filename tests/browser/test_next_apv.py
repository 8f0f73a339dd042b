"""The next APV is read ahead: it opens at once, and counts for nobody until it is shown."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.support.proxy import Proxy
from tests.support.site import Server, Site
from tests.support.tab import REASON, SAVE_DATA, OpenTab, Tab, becomes, opened, recorded

pytestmark = pytest.mark.asyncio(loop_scope="session")

ASKED = """(path) => performance.getEntriesByType("resource")
  .filter((one) => new URL(one.name).pathname === path && one.responseEnd)
  .map((one) => one.initiatorType)"""
AHEAD, ASKED_FOR = "fetch", "xmlhttprequest"

Two = tuple[dict[str, Any], dict[str, Any]]


@pytest.fixture
def two(empty_queue: None, server: Server) -> Two:
    """An APV that opens first, and the next one."""
    return server.add_apv(severity="CRITICAL"), server.add_apv()


def asked(page: Page, apv: dict[str, Any], beside: str = "") -> Callable[[], Awaitable[list[str]]]:
    """Return what reads how an APV was asked for, or what belongs to it, by each request."""

    async def look() -> list[str]:
        return list(await page.evaluate(ASKED, f"/apvs/{apv['apv_code']}{beside}"))

    return look


async def read_ahead(open_tab: OpenTab, two: Two, **options: Any) -> Tab:
    """Return a tab at the first of two APVs, once the other one was read ahead."""
    tab = await open_tab(**options)
    await becomes(asked(tab.page, two[1]), [AHEAD])
    return tab


async def is_open(page: Page, apv: dict[str, Any]) -> None:
    await page.locator(f"#reading[data-code={apv['apv_code']}]").wait_for()


async def test_key_shows_the_next_one_without_a_request(open_tab: OpenTab, two: Two) -> None:
    page = (await read_ahead(open_tab, two)).page
    await page.keyboard.press("j")
    await is_open(page, two[1])
    assert await asked(page, two[1])() == [AHEAD]
    assert page.url.endswith(f"/apvs/{two[1]['apv_code']}")
    assert two[1]["apv_code"] in await page.title()


async def test_back_leads_to_the_one_before(open_tab: OpenTab, two: Two) -> None:
    page = (await read_ahead(open_tab, two, path=f"/apvs/{two[0]['apv_code']}")).page
    await page.keyboard.press("j")
    await is_open(page, two[1])
    await page.go_back()
    await is_open(page, two[0])


async def test_reading_it_ahead_tells_nobody_that_it_is_read(open_tab: OpenTab, two: Two) -> None:
    page = (await read_ahead(open_tab, two, path=f"/apvs/{two[0]['apv_code']}")).page
    await becomes(asked(page, two[0], "/reading"), [AHEAD])
    assert await asked(page, two[1], "/reading")() == []
    await page.keyboard.press("j")
    await becomes(asked(page, two[1], "/reading"), [AHEAD])


async def test_it_is_read_again_after_it_changed(
    open_tab: OpenTab, server: Server, two: Two
) -> None:
    page = (await read_ahead(open_tab, two)).page
    answer = server.client("lead").post(f"/apvs/{two[1]['apv_code']}/claim")
    assert answer.status_code == 302, answer.text
    await becomes(asked(page, two[1]), [AHEAD, AHEAD])
    await page.keyboard.press("j")
    await is_open(page, two[1])
    await expect(page.locator("#team .claimed")).to_contain_text("has it")


async def test_others_changes_leave_it_as_it_is(
    open_tab: OpenTab, server: Server, two: Two
) -> None:
    third = server.add_apv(severity="LOW")
    tab = await read_ahead(open_tab, two)
    assert server.decide(third["apv_id"], user="lead").status_code == 200
    await becomes(_heard(tab, "decision_made"), True)
    await tab.page.keyboard.press("j")
    await is_open(tab.page, two[1])
    assert await asked(tab.page, two[1])() == [AHEAD]


def _heard(tab: Tab, kind: str) -> Callable[[], Awaitable[bool]]:
    async def look() -> bool:
        return any(message["type"] == kind for message in tab.heard)

    return look


async def test_nobody_decides_on_an_older_version(open_tab: OpenTab, site: Site, two: Two) -> None:
    page = (await read_ahead(open_tab, two)).page
    sql = "UPDATE reviews_apv SET version = version + 1 WHERE apv_id = %s"
    site.execute(sql, two[1]["apv_id"])  # of which no message tells
    await page.keyboard.press("j")
    await is_open(page, two[1])
    await page.keyboard.press("a")
    await page.keyboard.type(REASON)
    await page.keyboard.press("Control+Enter")
    await expect(page.locator("#changed")).to_be_visible()
    assert await recorded(site, two[1])() == []


async def test_key_pressed_right_after_it_is_about_the_next_one(
    open_tab: OpenTab, site: Site, two: Two
) -> None:
    page = (await read_ahead(open_tab, two)).page
    for key in ("j", "a"):
        await page.keyboard.press(key)
    await expect(page.locator("#id_justification")).to_be_focused()
    assert await opened(page) == two[1]["apv_code"]
    await page.keyboard.type(REASON)
    await page.keyboard.press("Control+Enter")
    await becomes(recorded(site, two[1]), ["approve"])
    assert await recorded(site, two[0])() == []


async def test_what_was_read_ahead_is_not_shown_while_no_events_come(
    open_tab: OpenTab, proxy: Proxy, two: Two
) -> None:
    tab = await read_ahead(open_tab, two, origin=proxy.origin)
    proxy.refuse(True)
    proxy.cut()
    await tab.status_becomes("stale")
    await tab.page.keyboard.press("j")
    await expect(tab.page.locator("#unread")).to_contain_text("could not be read")
    assert await opened(tab.page) == two[0]["apv_code"]
    proxy.refuse(False)
    await tab.status_becomes("live")
    await expect(tab.page.locator("#unread")).to_be_hidden()
    await tab.page.keyboard.press("j")
    await is_open(tab.page, two[1])


def requests_of(page: Page, apv: dict[str, Any]) -> list[str]:
    """Return the kinds of requests for an APV, also if the page's clock stops its measurements."""
    kinds: list[str] = []
    address = f"/apvs/{apv['apv_code']}"
    page.on("request", lambda one: kinds.append(one.resource_type) if address in one.url else None)
    return kinds


async def test_what_was_read_ahead_long_ago_is_read_again(open_tab: OpenTab, two: Two) -> None:
    tab = await open_tab(clock=True)
    page, kinds = tab.page, requests_of(tab.page, two[1])

    async def is_ahead() -> bool:
        await page.clock.run_for(1_000)
        return kinds == ["fetch"]

    await becomes(is_ahead, True)
    for _ in range(62):
        await page.clock.run_for(1_000)
        await tab.status_becomes("live")  # each ping gets its answer
    await page.keyboard.press("j")
    await page.clock.run_for(1_000)
    await is_open(page, two[1])
    assert kinds[:2] == ["fetch", "xhr"]


async def test_reader_who_saves_data_gets_it_when_they_ask(open_tab: OpenTab, two: Two) -> None:
    page = (await open_tab(script=SAVE_DATA, clock=True)).page
    kinds = requests_of(page, two[1])
    await page.clock.run_for(10_000)
    assert kinds == []
    await page.keyboard.press("j")
    await page.clock.run_for(1_000)
    await is_open(page, two[1])
    assert kinds[:1] == ["xhr"]
