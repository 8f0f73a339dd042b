"""Deciding one after the other: no needless question, and no key that was meant for another APV."""

import asyncio
from functools import partial
from typing import Any

import pytest
from playwright.async_api import Page, Route, expect

from tests.support.site import Server, Site
from tests.support.tab import REASON, OpenTab, becomes, decide, hold, opened, recorded, write

pytestmark = pytest.mark.asyncio(loop_scope="session")

TEN = 10
SCRIPT = "**/question.js*"
"""What sends a decision, which the page reads once somebody begins to decide."""
MOST_KEYS = 3
"""How many keys a clear decision may take, besides those of its justification."""


async def is_there(page: Page, apv: dict[str, Any]) -> None:
    """Wait until an APV is open, and has been on the screen for a moment."""
    await page.locator(f"#reading[data-code={apv['apv_code']}][data-open]").wait_for()
    await page.locator("html:not([data-guarded])").wait_for(state="attached")


class CountedKeys:
    """A keyboard that counts the keys that are pressed, but not those of texts."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.pressed = 0

    async def press(self, chord: str) -> None:
        self.pressed += len(chord.split("+"))
        await self.page.keyboard.press(chord)

    async def type(self, text: str) -> None:
        await self.page.keyboard.type(text)


async def test_ten_clear_ones_in_a_row_take_three_keys_each_besides_the_justification(
    open_tab: OpenTab, server: Server, site: Site
) -> None:
    added = [server.add_apv(package_name=f"p{number}") for number in range(TEN)]
    page = (await open_tab()).page
    await page.evaluate("window.stayed = true")
    for number, apv in enumerate(added):
        await is_there(page, apv)
        if number:
            await expect(page.locator("#reading-title")).to_be_focused()
            before = added[number - 1]["apv_code"]
            await expect(page.locator("#undo")).to_contain_text(f"Your decision on {before} is")
        keys = CountedKeys(page)
        await keys.press("a")
        await keys.type(f"{REASON} Number {number}.")
        await keys.press("Control+Enter")
        assert keys.pressed <= MOST_KEYS
    await becomes(recorded(site, added[-1]), ["approve"])
    sql = "SELECT decision, justification FROM reviews_decision ORDER BY decided_at"
    assert site.rows(sql) == [("approve", f"{REASON} Number {number}.") for number in range(TEN)]
    assert await page.evaluate("stayed")


async def test_next_one_is_read_from_its_beginning_on_a_phone(
    open_tab: OpenTab, server: Server
) -> None:
    first, second = server.add_apv(severity="CRITICAL"), server.add_apv()
    phone = {"width": 360, "height": 640}
    page = (await open_tab(path=f"/apvs/{first['apv_code']}", viewport=phone)).page
    await page.get_by_label("Approve").check()
    await page.get_by_label("Justification").fill(REASON)
    await page.locator("#decision-form .primary").click()
    await is_there(page, second)
    await expect(page.locator("#reading-title")).to_be_focused()
    await expect(page.locator("#reading-title")).to_be_in_viewport()
    await expect(page.locator("#undo")).to_be_in_viewport()


async def test_enter_that_would_confirm_a_question_does_nothing_where_none_comes(
    open_tab: OpenTab, server: Server, site: Site
) -> None:
    first, second = server.add_apv(severity="CRITICAL"), server.add_apv()
    page = (await open_tab()).page
    await write(page)
    for key in ("Control+Enter", "Enter", "Enter", " "):
        await page.keyboard.press(key)
    await is_there(page, second)
    for key in ("Enter", "Control+Enter", "Enter"):
        await page.keyboard.press(key)
    assert await recorded(site, first)() == ["approve"]
    assert await recorded(site, second)() == []
    await expect(page.locator("[name=decision]:checked")).to_have_count(0)
    await page.keyboard.press("z")
    await page.locator(f"#reading[data-code={first['apv_code']}][data-open]").wait_for()
    assert site.status_of(first) == "pending"


async def test_what_is_typed_before_the_next_one_is_there_is_about_the_next_one(
    open_tab: OpenTab, server: Server, site: Site
) -> None:
    first, second = server.add_apv(severity="CRITICAL"), server.add_apv()
    page = (await open_tab()).page
    _, comes = await hold(page, "**/apvs/*")
    await write(page)
    await page.keyboard.press("Control+Enter")
    await write(page, "r", "Rather not merged.")
    await page.keyboard.press("Control+Enter")
    comes.set()
    await is_there(page, second)
    await expect(page.get_by_label("Justification")).to_have_value("Rather not merged.")
    await expect(page.get_by_label("Reject")).to_be_checked()
    assert await recorded(site, first)() == ["approve"]
    assert await recorded(site, second)() == []


async def test_what_is_typed_before_the_next_one_is_there_can_be_corrected_and_left(
    open_tab: OpenTab, server: Server
) -> None:
    server.add_apv(severity="CRITICAL")
    second = server.add_apv()
    page = (await open_tab()).page
    await page.evaluate("addEventListener('keydown', (event) => { window.pressed = event; })")
    _, comes = await hold(page, "**/apvs/*")
    await write(page)
    await page.keyboard.press("Control+Enter")
    await write(page, "r", "Rathen")
    await page.keyboard.press("Backspace")
    assert await page.evaluate("pressed.defaultPrevented")
    await page.keyboard.type("r not merged.")
    await page.keyboard.press("Tab")
    assert not await page.evaluate("pressed.defaultPrevented")
    comes.set()
    await is_there(page, second)
    await expect(page.get_by_label("Justification")).to_have_value("Rather not merged.")


async def test_key_for_the_next_one_that_cannot_act_says_so_when_that_comes(
    open_tab: OpenTab, server: Server, site: Site
) -> None:
    first = server.add_apv(severity="CRITICAL")
    second = server.add_apv(pr_number=None, pr_url="")
    page = (await open_tab()).page
    _, comes = await hold(page, "**/apvs/*")
    await write(page)
    await page.keyboard.press("Control+Enter")
    await page.keyboard.press("a")
    comes.set()
    await page.locator(f"#reading[data-code={second['apv_code']}]").wait_for()
    await expect(page.locator("#cannot")).to_contain_text("this APV has no pull request")
    await page.keyboard.type("merge and escalate")
    await expect(page.locator("[name=decision]:checked")).to_have_count(0)
    assert await recorded(site, first)() == ["approve"]


async def test_text_for_the_next_one_does_not_answer_a_question_that_comes_instead(
    open_tab: OpenTab, server: Server, site: Site
) -> None:
    apv = server.add_apv(severity="CRITICAL", validation_warnings=["Stale lock file."])
    server.add_apv()
    page = (await open_tab()).page
    await write(page)
    await page.keyboard.press("Control+Enter")
    await page.keyboard.type("a this one is as good as the one before")
    await page.keyboard.press("Enter")
    await expect(page.locator("#confirm")).to_contain_text("Stale lock file.")
    await page.keyboard.type("a this one is as good as the one before")
    await page.keyboard.press("Enter")
    await expect(page.locator("#confirm[open]")).to_be_visible()
    assert await recorded(site, apv)() == []
    await page.locator("#confirm .primary").click()
    await becomes(recorded(site, apv), ["approve"])


async def test_question_about_an_apv_that_was_left_is_told(
    open_tab: OpenTab, server: Server, site: Site
) -> None:
    apv, other = server.add_apv(severity="CRITICAL", wargame_verdict="partial"), server.add_apv()
    page = (await open_tab()).page
    comes = asyncio.Event()

    async def hold(route: Route) -> None:
        if route.request.method == "POST":
            await comes.wait()
        await route.continue_()

    await page.route(f"**/apvs/{apv['apv_code']}", hold)
    await write(page)
    await page.keyboard.press("Control+Enter")
    await page.get_by_role("link", name=other["apv_code"]).click()
    await is_there(page, other)
    comes.set()
    await expect(page.locator("#toast")).to_contain_text(f"{apv['apv_code']} is not decided")
    assert await recorded(site, apv)() == []
    assert await opened(page) == other["apv_code"]


async def test_decision_sent_before_its_script_is_there_is_recorded_though_the_reader_leaves(
    open_tab: OpenTab, server: Server, site: Site
) -> None:
    apv, other = server.add_apv(severity="CRITICAL"), server.add_apv()
    tab = await open_tab()
    page = tab.page
    asked, goes = await hold(page, SCRIPT)
    await tab.open()  # a page that was open before may still read it directly
    await write(page)
    await page.keyboard.press("Control+Enter")
    await asked.wait()
    await page.get_by_role("link", name=other["apv_code"]).click()
    await is_there(page, other)
    await write(page, "r", "Not this one")
    goes.set()
    await expect(page.locator("#undo")).to_contain_text(f"Your decision on {apv['apv_code']}")
    assert await recorded(site, apv)() == ["approve"]
    await expect(page.get_by_label("Justification")).to_have_value("Not this one")
    assert await recorded(site, other)() == []


@pytest.mark.parametrize("leaves", [False, True])
async def test_decision_whose_script_cannot_be_read_is_told_and_can_be_sent_again(
    open_tab: OpenTab, server: Server, site: Site, leaves: bool
) -> None:
    apv, other = server.add_apv(severity="CRITICAL"), server.add_apv()
    tab, comes = await open_tab(), asyncio.Event()
    page = tab.page

    async def lose(route: Route) -> None:
        await comes.wait()
        await route.abort()

    await page.route(SCRIPT, lose)
    await tab.open()  # a page that was open before may still read it directly
    await write(page)
    await page.keyboard.press("Control+Enter")
    if leaves:
        await page.get_by_role("link", name=other["apv_code"]).click()
        await is_there(page, other)
    comes.set()
    told = page.locator("#toast" if leaves else "#form-notice")
    await expect(told).to_contain_text("Your draft stays here.")
    await page.unroute(SCRIPT)
    if leaves:
        await expect(told).to_contain_text(apv["apv_code"])
        await page.get_by_role("link", name=apv["apv_code"]).click()
        await is_there(page, apv)
    assert await recorded(site, apv)() == []
    await expect(page.get_by_label("Justification")).to_have_value(REASON)
    await page.get_by_label("Justification").press("Control+Enter")
    await becomes(recorded(site, apv), ["approve"])


async def test_undo_whose_script_cannot_be_read_says_so_and_works_later(
    open_tab: OpenTab, server: Server, site: Site
) -> None:
    apv, _other = server.add_apv(severity="CRITICAL"), server.add_apv()
    with site.uvicorn(HITL_UNDO_SECONDS="60") as patient:
        tab = await open_tab(patient.origin)
        page = tab.page
        await page.route("**/undo.js*", lambda route: route.abort())
        await tab.open()
        await decide(page)
        await expect(page.locator("#toast")).to_contain_text("is recorded")
        await page.locator("#reading-title:focus").wait_for()
        await page.keyboard.press("z")
        await expect(page.locator("#toast")).to_contain_text("This could not be read")
        await page.unroute("**/undo.js*")
        await page.keyboard.press("z")
        await becomes(partial(status_of, site, apv), "pending")
        await page.close()


async def status_of(site: Site, apv: dict[str, Any]) -> str:
    return site.status_of(apv)


async def test_selection_whose_script_cannot_be_read_says_so_and_works_later(
    open_tab: OpenTab, server: Server
) -> None:
    server.add_apv()
    tab = await open_tab()
    page = tab.page
    await page.route("**/many.js*", lambda route: route.abort())
    await tab.open()
    await page.keyboard.press("x")
    await expect(page.locator("#toast")).to_contain_text("This could not be read")
    await expect(page.locator("body.selecting")).to_have_count(0)
    await page.unroute("**/many.js*")
    await page.keyboard.press("x")
    await expect(page.locator("#many")).to_contain_text("1 selected")


async def test_decision_whose_answer_is_lost_may_be_recorded_and_the_page_finds_out(
    open_tab: OpenTab, server: Server, site: Site
) -> None:
    apv = server.add_apv()
    page = (await open_tab(path=f"/apvs/{apv['apv_code']}")).page

    async def lose(route: Route) -> None:
        if route.request.method == "POST":
            await route.fetch()
            await route.abort()
        else:
            await route.continue_()

    await page.route(f"**/apvs/{apv['apv_code']}", lose)
    await write(page)
    await page.keyboard.press("Control+Enter")
    await expect(page.locator("#form-notice")).to_contain_text("It may be recorded all the same.")
    await expect(page.locator("#undo")).to_contain_text("is recorded: approve")
    assert await recorded(site, apv)() == ["approve"]
