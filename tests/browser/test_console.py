"""The console as reviewers use it: one APV after another, in long lists, on bad connections."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Page, Route, expect

from tests.support.proxy import Proxy
from tests.support.site import COPIES, PASSWORD, Server, Site
from tests.support.tab import (
    REASON,
    SAVE_DATA,
    NewContext,
    OpenTab,
    becomes,
    decide,
    loaded,
    opened,
)

pytestmark = pytest.mark.asyncio(loop_scope="session")


# -- One APV after another --------------------------------------------------------------------


@asynccontextmanager
async def held_back(page: Page, apv: dict[str, Any]) -> AsyncIterator[asyncio.Event]:
    """Delay the response with an APV until the event is set."""
    comes = asyncio.Event()

    async def hold(route: Route) -> None:
        await comes.wait()
        await route.continue_()

    await page.route(f"**/apvs/{apv['apv_code']}*", hold)
    yield comes
    await page.unroute_all(behavior="wait")


async def test_what_is_pressed_while_an_apv_is_on_its_way_is_meant_for_it(
    open_tab: OpenTab, server: Server
) -> None:
    shown, wanted = server.add_apv(), server.add_apv()
    page = (await open_tab(path=f"/apvs/{shown['apv_code']}", script=SAVE_DATA)).page
    await page.keyboard.press("a")
    await page.keyboard.type(REASON)
    async with held_back(page, wanted) as comes:
        await page.get_by_role("link", name=wanted["apv_code"]).click()
        await page.keyboard.press("r")
        await page.keyboard.type("jean")
        assert await page.evaluate("document.getElementById('reading').inert")
        await expect(page.get_by_label("Approve")).to_be_checked()
        comes.set()
        await page.locator(f"#reading[data-code={wanted['apv_code']}]").wait_for()
    await expect(page.get_by_label("Reject")).to_be_checked()
    await expect(page.get_by_label("Justification")).to_be_focused()
    await expect(page.get_by_label("Justification")).to_have_value("jean")
    await page.get_by_role("link", name=shown["apv_code"]).click()
    await expect(page.get_by_label("Approve")).to_be_checked()
    await expect(page.get_by_label("Justification")).to_have_value(REASON)


async def test_apv_that_cannot_be_read_leaves_the_one_before_to_be_decided_on(
    open_tab: OpenTab, server: Server
) -> None:
    shown, wanted = server.add_apv(), server.add_apv()
    page = (await open_tab(path=f"/apvs/{shown['apv_code']}", script=SAVE_DATA)).page
    await page.route(f"**/apvs/{wanted['apv_code']}*", lambda route: route.abort())
    await page.get_by_role("link", name=wanted["apv_code"]).click()
    await page.locator("#reading:not([inert])").wait_for()
    await decide(page)
    await page.get_by_text(f"Your decision on {shown['apv_code']}").wait_for()


COUNT_ANSWERS = """
window.answers = 0;
addEventListener("htmx:afterRequest", () => answers++);
"""


async def test_apv_that_was_asked_for_last_is_the_one_that_is_shown(
    open_tab: OpenTab, server: Server
) -> None:
    shown, passed, wanted = server.add_apv(), server.add_apv(), server.add_apv()
    page = (
        await open_tab(path=f"/apvs/{shown['apv_code']}", script=SAVE_DATA + COUNT_ANSWERS)
    ).page
    async with held_back(page, passed) as first, held_back(page, wanted) as last:
        await page.get_by_role("link", name=passed["apv_code"]).click()
        await page.get_by_role("link", name=wanted["apv_code"]).click()
        first.set()
        await becomes(lambda: page.evaluate("answers"), 1)
        last.set()
        await becomes(lambda: page.evaluate("answers"), 2)
    assert page.url.partition("?")[0].endswith(wanted["apv_code"])
    reading = page.locator("#reading:not([inert])")
    assert await reading.get_attribute("data-code") == wanted["apv_code"]


# -- The list ---------------------------------------------------------------------------------


async def test_narrowing_is_kept_in_the_address_and_leaves_the_caret_alone(
    open_tab: OpenTab, server: Server
) -> None:
    flask = server.add_apv(package_name="flask", severity="LOW")
    server.add_apv(package_name="django")
    tab = await open_tab()
    await tab.page.keyboard.press("/")
    await tab.page.keyboard.type("flask")
    await becomes(tab.codes, [flask["apv_code"]])
    await expect(tab.page.locator("#id_search")).to_be_focused()
    assert tab.page.url.endswith("/?search=flask")
    await tab.page.locator("#narrow > summary").click()
    await tab.page.get_by_label("Critical").check()
    await becomes(tab.codes, [])
    await tab.page.keyboard.press("Escape")
    await expect(tab.page.locator("#narrow > summary")).to_be_focused()
    await expect(tab.page.locator(".choices")).to_be_hidden()
    await tab.page.get_by_text("Nothing matches").wait_for()
    server.add_apv(package_name="flask-login", severity="CRITICAL")
    server.add_apv(package_name="flask-wtf", severity="HIGH")
    await expect(tab.page.locator("#list .package")).to_have_text(["flask-login"])
    await tab.page.reload()
    await expect(tab.page.locator("#list .package")).to_have_text(["flask-login"])


async def test_back_and_forward_lead_through_what_was_read(
    open_tab: OpenTab, server: Server
) -> None:
    first = server.add_apv(severity="CRITICAL")
    second, third = server.add_apv(), server.add_apv()
    page = (await open_tab()).page
    for apv in (second, third):
        await page.get_by_role("link", name=apv["apv_code"]).click()
        await becomes(lambda: opened(page), apv["apv_code"])
    for step, apv in ((page.go_back, second), (page.go_back, first), (page.go_forward, second)):
        await step()
        await becomes(lambda: opened(page), apv["apv_code"])
    await expect(page.locator("#list [aria-current]")).to_have_text(second["apv_code"])


async def test_long_list_goes_on_while_it_is_scrolled(open_tab: OpenTab, server: Server) -> None:
    body = [
        {"severity": "LOW", "patch_strategy": "version_bump", "package_name": f"p{number}"}
        for number in range(170)
    ]
    server.post("/hitl/apvs", body, user="pipeline")
    page = (await open_tab()).page
    rows = page.locator("#list tbody tr")

    async def scrolled() -> int:
        await page.locator("#list").evaluate("(list) => list.scrollTop = list.scrollHeight")
        return await rows.count()

    await becomes(scrolled, 170)
    names = await page.locator("#list .package").all_text_contents()
    assert names == [f"p{number}" for number in range(170)]
    await expect(page.locator("#more")).to_have_count(0)


async def test_queue_of_ten_thousand_is_there_at_once_and_light(
    new_context: NewContext, server: Server, site: Site, empty_queue: None
) -> None:
    server.add_apv()
    site.execute(COPIES, 1, 100)
    of_a_hundred = seconds_of_first_page(server)
    site.execute(COPIES, 101, 10_000)
    site.execute("ANALYZE reviews_apv")
    assert seconds_of_first_page(server) < 3 * of_a_hundred
    context = await new_context("reviewer")
    page = await context.new_page()
    devtools = await context.new_cdp_session(page)
    await devtools.send("Network.enable")
    kinds: dict[str, str] = {}
    sizes: dict[str, int] = {}
    devtools.on(
        "Network.responseReceived",
        lambda event: kinds.update({event["requestId"]: event["response"]["url"]}),
    )
    devtools.on(
        "Network.loadingFinished",
        lambda event: sizes.update({event["requestId"]: event["encodedDataLength"]}),
    )
    await page.goto(server.origin, wait_until="networkidle")
    loaded = {url: sizes.get(one, 0) for one, url in kinds.items()}
    scripts = {url: size for url, size in loaded.items() if urlsplit(url).path.endswith(".js")}
    assert sum(loaded.values()) < 64_000, loaded
    assert sum(scripts.values()) < 36_500, scripts
    assert len(loaded) < 10, loaded


def seconds_of_first_page(server: Server) -> float:
    """Return the median of a few loads."""
    client = server.client("reviewer")
    times = []
    for _ in range(7):
        began = time.perf_counter()
        assert client.get("/").status_code == 200
        times.append(time.perf_counter() - began)
    return sorted(times)[3]


# -- A bad line -------------------------------------------------------------------------------


async def test_draft_survives_a_cut_line_and_a_reload(
    open_tab: OpenTab, server: Server, site: Site, proxy: Proxy
) -> None:
    apv = server.add_apv()
    tab = await open_tab(proxy.origin, f"/apvs/{apv['apv_code']}")
    page = tab.page
    await page.keyboard.press("m")
    await page.keyboard.type("timeout")
    await page.keyboard.press("Tab")
    await page.keyboard.type("3")
    await page.fill("#id_justification", REASON)
    await loaded(page, "question", "missing")
    proxy.refuse(True)
    proxy.cut()
    await tab.status_becomes("stale")
    await expect(page.locator("#line")).to_have_text("Reconnecting – may be out of date")
    await page.locator("#decision-form .primary").click()
    await page.get_by_text("It may be recorded all the same.").wait_for()
    proxy.refuse(False)
    await tab.status_becomes("live")
    await page.reload()
    await tab.status_becomes("live")
    assert await page.input_value("#id_justification") == REASON
    await expect(page.locator("[name=decision]:checked")).to_have_value("modify")
    await page.locator("#decision-form .primary").click()
    await page.locator("#confirm .primary").click()
    await page.get_by_text(f"Your decision on {apv['apv_code']}").wait_for()
    rows = site.rows("SELECT modifications FROM reviews_decision WHERE apv_id = %s", apv["apv_id"])
    assert rows == [({"timeout": "3"},)]
    await page.goto(f"{proxy.origin}/apvs/{server.add_apv()['apv_code']}")
    assert await page.input_value("#id_justification") == ""


async def test_signing_in_again_in_another_tab_brings_the_page_back_as_it_was(
    open_tab: OpenTab, server: Server, site: Site
) -> None:
    apv = server.add_apv()
    tab = await open_tab(path=f"/apvs/{apv['apv_code']}", user="reviewer")
    page = tab.page
    await page.keyboard.press("a")
    await page.keyboard.type(REASON)
    await page.context.clear_cookies()
    await page.keyboard.press("Control+Enter")
    await tab.status_becomes("refused")
    async with page.context.expect_page() as opening:
        await page.get_by_role("link", name="Sign in again").click()
    door = await opening.value
    await door.fill("#id_username", "reviewer")
    await door.fill("#id_password", PASSWORD)
    await door.get_by_role("button", name="Sign in").click()
    await door.get_by_role("heading", name="You are signed in").wait_for()
    await door.close()
    await page.evaluate("dispatchEvent(new Event('focus'))")
    await tab.status_becomes("live")
    assert await page.input_value("#id_justification") == REASON
    await page.locator("#decision-form .primary").click()
    await page.get_by_text(f"Your decision on {apv['apv_code']}").wait_for()
    assert site.status_of(apv) == "approved"
