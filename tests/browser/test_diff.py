"""The diff in a browser: files that fold and are marked as viewed, lines that are never cut."""

import pytest
from playwright.async_api import Page, expect

from tests.support.accessibility import violations
from tests.support.patches import many_files, many_lines
from tests.support.site import Server
from tests.support.tab import NewContext, OpenTab

pytestmark = pytest.mark.asyncio(loop_scope="session")

CUT_OFF = """() => [...document.querySelectorAll('#diff .scroll')]
  .filter((box) => box.scrollWidth > box.clientWidth).length"""
LONG = "x = call(" + ", ".join(f"argument_{number}" for number in range(60)) + ")"


async def open_patch(page: Page, server: Server, code: str) -> None:
    await page.goto(f"{server.origin}/apvs/{code}#panel-patch")
    await page.locator("#diff .file").first.wait_for()


async def test_viewed_files_fold_and_stay_so_until_the_diff_is_another(
    open_tab: OpenTab, server: Server
) -> None:
    apv = server.add_apv(patch_diff=many_files(3))
    other = server.add_apv(patch_diff=many_files(4))
    page = (await open_tab(path=f"/apvs/{apv['apv_code']}#panel-patch")).page
    count, first = page.locator(".viewed-count"), page.locator(".file").first
    await expect(count).to_have_text("0 of 3 viewed")
    await first.get_by_label("Viewed").check()
    await expect(count).to_have_text("1 of 3 viewed")
    await expect(first.locator("table")).to_be_hidden()
    await page.reload()
    await expect(count).to_have_text("1 of 3 viewed")
    await expect(first.locator("table")).to_be_hidden()
    await page.locator(".files").get_by_role("link", name="f0.py").click()
    await expect(first.locator("table")).to_be_visible()
    await page.get_by_role("link", name="Side by side").click()
    await expect(page.locator("#diff.split .viewed-count")).to_have_text("1 of 3 viewed")
    await first.get_by_label("Viewed").uncheck()
    await expect(first.locator("table")).to_be_visible()
    await open_patch(page, server, other["apv_code"])
    await expect(count).to_have_text("0 of 4 viewed")


async def test_files_fold_by_the_keyboard(open_tab: OpenTab, server: Server) -> None:
    apv = server.add_apv(patch_diff=many_files(2))
    page = (await open_tab(path=f"/apvs/{apv['apv_code']}#panel-patch")).page
    first = page.locator(".file").first
    await first.locator("> details > summary").focus()
    await page.keyboard.press("Enter")
    await expect(first.locator("table")).to_be_hidden()
    await first.get_by_label("Viewed").focus()
    await page.keyboard.press("Space")
    await expect(page.locator(".viewed-count")).to_have_text("1 of 2 viewed")
    await expect(page.locator("#reading")).to_have_attribute("data-code", apv["apv_code"])


LEAVE_SOME_ROWS = """() => document
  .querySelectorAll(".file tbody tr:nth-child(n + 50):nth-last-child(n + 50)")
  .forEach((row) => row.remove())"""
"""Removes rows in the middle, which are like those around them: axe takes long for each."""


async def test_what_did_not_fit_is_read_when_it_is_unfolded(
    open_tab: OpenTab, server: Server
) -> None:
    long = many_lines(400)
    apv = server.add_apv(patch_diff=long + long.replace("x.py", "y.py") + many_lines(600))
    page = (await open_tab(path=f"/apvs/{apv['apv_code']}#panel-patch")).page
    second = page.locator(".file").nth(1)
    await expect(second.locator("table")).to_have_count(0)
    await second.locator("> details > summary").click()
    await expect(second.locator("tbody tr")).to_have_count(801)
    third = page.locator(".file").nth(2)
    await third.locator("> details > summary").click()
    await third.get_by_role("link", name="Show more lines").click()
    await expect(third.locator("tbody tr")).to_have_count(1_201)
    await page.evaluate(LEAVE_SOME_ROWS)
    assert await violations(page) == []


@pytest.mark.parametrize("width", [1440, 360])
async def test_no_line_is_cut_off(open_tab: OpenTab, server: Server, width: int) -> None:
    diff = f"--- a/x.py\n+++ b/x.py\n@@ -1 +1 @@\n-{LONG}\n+{LONG}()\n"
    apv = server.add_apv(patch_diff=diff)
    tab = await open_tab(
        path=f"/apvs/{apv['apv_code']}#panel-patch", viewport={"width": width, "height": 900}
    )
    page = tab.page
    await page.locator("#diff.unified table").wait_for()
    assert await page.evaluate(CUT_OFF) == 0
    await page.get_by_role("link", name="Side by side").click()
    await page.locator("#diff.split table").wait_for()
    assert await page.evaluate(CUT_OFF) == 0
    await page.get_by_role("link", name="Scroll").click()
    await page.locator("#diff .sections.scroll").wait_for()
    assert await page.evaluate(CUT_OFF) == 1
    assert await page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    assert await violations(page) == []
    await page.reload()
    await page.locator("#diff .sections.scroll").wait_for()


async def test_diff_with_contradictions_hinders_nobody(open_tab: OpenTab, server: Server) -> None:
    diff = (
        "From 0123456789 Mon\nSubject: x\n\n--- a/x\n+++ b/y\n@@ -1,9 +1,9 @@\n-a\r\n+a\n"
        + many_files(2)
    )
    apv = server.add_apv(patch_diff=diff)
    page = (await open_tab(path=f"/apvs/{apv['apv_code']}#panel-patch")).page
    await page.get_by_text("This diff contradicts itself in 2 places.").wait_for()
    assert await violations(page) == []


async def test_without_javascript_every_line_of_a_diff_is_reached(
    new_context: NewContext, server: Server
) -> None:
    long = many_lines(600)
    apv = server.add_apv(patch_diff=long.replace("x.py", "w.py") + long)
    page = await (await new_context("reviewer", java_script_enabled=False)).new_page()
    await page.goto(f"{server.origin}/apvs/{apv['apv_code']}/diff")
    await expect(page.get_by_label("Viewed").first).to_be_hidden()
    await page.locator(".file").nth(1).locator("> details > summary").click()
    await page.get_by_role("link", name="Show 1200 lines").click()
    await page.get_by_role("link", name="Show more lines").click()
    await expect(page.locator("tbody tr")).to_have_count(201)
