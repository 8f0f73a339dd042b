"""Numbers and their lists agree while APVs come and leave: results, tabs, title and news."""

import re
from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.support.site import Server, Site
from tests.support.tab import OpenTab, decide

pytestmark = pytest.mark.asyncio(loop_scope="session")

MANY = {
    "severity": "HIGH",
    "patch_strategy": "version_bump",
    "package_name": "many",
    "pr_number": 7,
}
ROWS = "#queue tbody tr:not(.leaving)"


def added(server: Server, count: int, **fields: Any) -> list[dict[str, Any]]:
    return [server.add_apv(**fields) for _ in range(count)]


async def says(page: Page, found: int) -> None:
    """Check that the number above the list, the title's, and the list itself agree."""
    await expect(page.locator(".found")).to_have_text(f"{found} found")
    await expect(page).to_have_title(re.compile(rf"^\({found}\) "))
    news = page.locator("#news:not([hidden])")
    if await news.count():
        await news.click()
    await expect(page.locator(ROWS)).to_have_count(found)


async def test_number_found_follows_what_comes_and_leaves(
    open_tab: OpenTab, server: Server
) -> None:
    high = added(server, 3, severity="HIGH")
    low = added(server, 2, severity="LOW")
    page = (await open_tab(path="/?severity=HIGH")).page
    await says(page, 3)
    server.decide(high[0]["apv_id"], user="lead")
    await says(page, 2)
    added(server, 3, severity="HIGH")
    await says(page, 5)
    server.decide(low[0]["apv_id"], user="lead")
    server.add_apv(severity="CRITICAL")
    await expect(page.locator("#tab-pending .count")).to_have_text("7")
    await says(page, 5)


async def test_news_of_a_narrowed_list_are_only_of_what_it_holds(
    open_tab: OpenTab, server: Server
) -> None:
    high, low = server.add_apv(severity="HIGH"), server.add_apv(severity="LOW")
    page = (await open_tab(path="/?severity=HIGH")).page
    await page.evaluate("""() => {
      window.told = [];
      const trace = document.getElementById("trace");
      new MutationObserver(() => told.push(trace.textContent)).observe(trace, { childList: true });
    }""")
    server.add_apv(severity="LOW", package_name="not-here")
    server.decide(low["apv_id"], user="lead")
    server.add_apv(severity="HIGH", package_name="here")
    await expect(page.locator("#trace")).to_contain_text("here")
    server.decide(high["apv_id"], user="lead")
    await expect(page.locator("#trace")).to_contain_text(high["apv_code"])
    told = await page.evaluate("told")
    assert len(told) == 2, told


async def test_number_follows_what_comes_and_leaves_below_the_loaded_rows(
    open_tab: OpenTab, server: Server
) -> None:
    rows = server.post("/hitl/apvs", [MANY] * 130, user="pipeline").json()
    page = (await open_tab(path="/?severity=HIGH")).page
    await expect(page.locator(".found")).to_have_text("130 found")
    assert server.decide(rows[-1]["apv_id"], user="lead").status_code == 200
    await expect(page.locator(".found")).to_have_text("129 found")
    added(server, 2, severity="HIGH")
    await expect(page.locator(".found")).to_have_text("131 found")
    await expect(page).to_have_title(re.compile(r"^\(131\) "))


async def test_title_counts_the_queue_whatever_is_open(open_tab: OpenTab, server: Server) -> None:
    first, second = added(server, 2)
    page = (await open_tab()).page
    await expect(page).to_have_title(re.compile(r"^\(2\) "))
    server.add_apv()
    await expect(page).to_have_title(re.compile(r"^\(3\) "))
    await page.get_by_role("link", name=second["apv_code"]).click()
    await expect(page).to_have_title(re.compile(rf"^\(3\) {second['apv_code']} "))
    server.decide(first["apv_id"], user="lead")
    await expect(page).to_have_title(re.compile(rf"^\(2\) {second['apv_code']} "))


async def test_last_one_of_a_search_that_is_decided_is_found_elsewhere(
    open_tab: OpenTab, server: Server
) -> None:
    one = server.add_apv(package_name="leftpad")
    page = (await open_tab(path="/?search=leftpad")).page
    await expect(page.locator(".found")).to_have_text("1 found")
    server.decide(one["apv_id"], user="lead")
    await expect(page.locator(".found")).to_have_text("0 found")
    await expect(page.locator(".wider-search")).to_contain_text("1 in Decided")


async def test_enter_opens_the_apv_whose_code_was_typed(open_tab: OpenTab, server: Server) -> None:
    one, _ = added(server, 2)
    server.decide(one["apv_id"], user="lead")
    page = (await open_tab()).page
    await page.keyboard.press("/")
    await page.keyboard.type(one["apv_code"].lower())
    await page.locator("#exact").wait_for()
    await page.keyboard.press("Enter")
    await page.wait_for_url(re.compile(f"/apvs/{one['apv_code']}$"))
    await expect(page.locator("#reading")).to_have_attribute("data-code", one["apv_code"])


async def test_link_into_a_long_list_has_its_place_and_its_neighbour_opens_next(
    open_tab: OpenTab, server: Server, site: Site
) -> None:
    rows = server.post("/hitl/apvs", [MANY] * 160, user="pipeline").json()
    ordered = sorted(rows, key=lambda row: (row["created_at"], row["apv_id"]))
    page = (await open_tab(path=f"/apvs/{ordered[100]['apv_code']}")).page
    marked = page.locator("#list [aria-current]")
    await expect(marked).to_have_text(ordered[100]["apv_code"])
    await expect(marked).to_be_in_viewport()
    await decide(page)
    await expect(page.locator("#reading")).to_have_attribute(
        "data-code", ordered[101]["apv_code"], timeout=15_000
    )
    await expect(page.locator("#list [aria-current]")).to_have_text(ordered[101]["apv_code"])
