"""The console by keyboard."""

import pytest
from playwright.async_api import expect

from tests.support.site import PASSWORD, Server, Site
from tests.support.tab import REASON, NewContext, OpenTab, becomes, decide, opened, recorded

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_keyboard_alone_leads_from_sign_in_to_a_decision(
    new_context: NewContext, server: Server, site: Site, empty_queue: None
) -> None:
    first = server.add_apv(severity="CRITICAL")
    second = server.add_apv(severity="HIGH", package_name="urllib3")
    page = await (await new_context("")).new_page()
    await page.goto(server.origin)
    await page.locator("#id_username").focus()
    await page.keyboard.type("reviewer")
    await page.keyboard.press("Tab")
    await page.keyboard.type(PASSWORD)
    await page.keyboard.press("Enter")
    await expect(page.locator("#line")).to_have_attribute("data-status", "live")
    assert await opened(page) == first["apv_code"]
    await page.keyboard.press("j")
    await expect(page.locator("#reading-title")).to_contain_text("urllib3")
    assert page.url.endswith(f"/apvs/{second['apv_code']}")
    await page.keyboard.press("2")
    await expect(page.locator("#panel-patch")).to_be_visible()
    await decide(page, "r", "The lock file was not resolved.")
    await expect(page.locator("#undo")).to_contain_text(f"Your decision on {second['apv_code']}")
    assert site.status_of(second) == "rejected"
    await expect(page.locator("#reading-title")).to_contain_text("requests")
    assert await opened(page) == first["apv_code"]


async def test_tabs_are_turned_by_arrows_and_numbers(open_tab: OpenTab, server: Server) -> None:
    server.add_apv()
    page = (await open_tab()).page
    await page.get_by_role("tab", name="CVE").focus()
    for key, name in (
        ("ArrowRight", "Patch"),
        ("End", "History"),
        ("ArrowRight", "CVE"),
        ("ArrowLeft", "History"),
        ("Home", "CVE"),
    ):
        await page.keyboard.press(key)
        tab = page.get_by_role("tab", name=name)
        await expect(tab).to_be_focused()
        await expect(tab).to_have_attribute("aria-selected", "true")
        await expect(page.get_by_role("tabpanel")).to_have_count(1)
    await page.keyboard.press("4")
    await expect(page.locator("#panel-validation")).to_be_visible()
    await page.reload()
    await expect(page.locator("#panel-validation")).to_be_visible()


async def test_keys_do_nothing_inside_fields(open_tab: OpenTab, server: Server) -> None:
    server.add_apv()
    page = (await open_tab()).page
    await page.locator("#id_justification").focus()
    await page.keyboard.type("a rmejk?/ 12345")
    assert await page.input_value("#id_justification") == "a rmejk?/ 12345"
    await expect(page.locator("[name=decision]:checked")).to_have_count(0)
    await page.keyboard.press("Escape")
    await page.keyboard.press("?")
    await expect(page.locator("#help")).to_be_visible()
    await page.keyboard.press("a")
    await expect(page.locator("[name=decision]:checked")).to_have_count(0)
    await page.keyboard.press("Escape")
    await page.keyboard.press("/")
    await expect(page.locator("#id_search")).to_be_focused()


async def test_key_that_asks_before_a_decision_is_sent_does_not_answer_too(
    open_tab: OpenTab, server: Server, site: Site
) -> None:
    apv = server.add_apv()
    page = (await open_tab(path=f"/apvs/{apv['apv_code']}")).page
    await page.evaluate(
        "addEventListener('keydown', (event) => (window.isTaken = event.defaultPrevented))"
    )
    await page.keyboard.press("r")
    await page.keyboard.type(REASON)
    await page.keyboard.down("Control")
    await page.keyboard.down("Enter")
    await page.locator("#confirm[open]").wait_for()
    assert await page.evaluate("isTaken")  # otherwise Firefox presses the button with it
    await page.keyboard.up("Control")
    await page.keyboard.down("Enter")  # held: it comes again
    await expect(page.locator("#confirm[open]")).to_be_visible()
    await page.keyboard.up("Enter")
    assert site.status_of(apv) == "pending"
    await page.keyboard.press("Enter")
    await page.get_by_text(f"Your decision on {apv['apv_code']}").wait_for()


async def test_focus_stays_where_it_is_whatever_is_told(open_tab: OpenTab, server: Server) -> None:
    gone, stays = server.add_apv(severity="CRITICAL"), server.add_apv()
    tab = await open_tab()
    await tab.page.get_by_role("link", name=stays["apv_code"]).focus()
    server.decide(gone["apv_id"])
    server.add_apv(severity="CRITICAL")
    await tab.page.get_by_text(f"{gone['apv_code']} approved by").first.wait_for()
    await expect(tab.page.locator("#news")).to_have_text("1 new")
    await expect(tab.page.get_by_role("link", name=stays["apv_code"])).to_be_focused()


@pytest.mark.parametrize("key", ["a", "r"])
async def test_key_that_cannot_act_says_so_and_swallows_what_is_typed(
    open_tab: OpenTab, server: Server, site: Site, key: str
) -> None:
    apv = server.add_apv(pr_number=None, pr_url="")
    other = server.add_apv()
    page = (await open_tab(path=f"/apvs/{apv['apv_code']}")).page
    await page.keyboard.press(key)
    await page.keyboard.type("Reviewed: routine bump, 2 jobs.")
    await page.keyboard.press("Control+Enter")
    await page.keyboard.press("Enter")
    await expect(page.locator("#cannot")).to_contain_text("this APV has no pull request")
    await expect(page.locator("#cannot")).to_be_focused()
    await expect(page.locator("[name=decision]:checked")).to_have_count(0)
    await expect(page.locator("#reading")).to_have_attribute("data-code", apv["apv_code"])
    assert [site.status_of(one) for one in (apv, other)] == ["pending", "pending"]
    await page.keyboard.press("Escape")
    await decide(page, "d")
    await becomes(recorded(site, apv), ["dismiss"])


@pytest.mark.parametrize("text", ["Reviewed: merge it", "looks fine, merge and escalate"])
async def test_words_typed_without_a_caret_choose_nothing(
    open_tab: OpenTab, server: Server, text: str
) -> None:
    apv = server.add_apv()
    page = (await open_tab(path=f"/apvs/{apv['apv_code']}")).page
    await page.keyboard.type(text)
    await expect(page.locator("[name=decision]:checked")).to_have_count(0)
    await expect(page.locator("#toast")).to_contain_text("No field has the caret")


async def test_going_through_the_list_opens_what_it_goes_to(
    open_tab: OpenTab, server: Server
) -> None:
    first, second = server.add_apv(severity="CRITICAL"), server.add_apv(severity="HIGH")
    page = (await open_tab(path=f"/apvs/{first['apv_code']}")).page
    await page.keyboard.press("j")
    await page.keyboard.press("r")
    await page.locator(f"#reading[data-code={second['apv_code']}]").wait_for()
    await expect(page.get_by_label("Reject")).to_be_checked()
    await expect(page.locator("#list [aria-current]")).to_contain_text(second["apv_code"])


async def test_key_does_not_decide_on_one_apv_while_another_has_the_focus(
    open_tab: OpenTab, server: Server
) -> None:
    first, second = server.add_apv(severity="CRITICAL"), server.add_apv(severity="HIGH")
    page = (await open_tab(path=f"/apvs/{first['apv_code']}")).page
    await page.get_by_role("link", name=second["apv_code"]).focus()
    await page.keyboard.press("r")
    await expect(page.locator("#cannot")).to_contain_text(second["apv_code"])
    await expect(page.locator("[name=decision]:checked")).to_have_count(0)


async def test_focus_stays_in_the_list_however_quickly_it_is_gone_through(
    open_tab: OpenTab, server: Server
) -> None:
    added = [server.add_apv(package_name=f"p{number}") for number in range(5)]
    page = (await open_tab()).page
    for _ in range(3):
        await page.keyboard.press("j")
    await expect(page.locator("#reading-title")).to_contain_text("p3")
    await expect(page.get_by_role("link", name=added[3]["apv_code"])).to_be_focused()
