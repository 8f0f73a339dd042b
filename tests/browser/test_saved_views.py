"""Saved views, with two people: one shares a view, both see its count change as they work."""

import re
from uuid import uuid4

import pytest
from playwright.async_api import Locator, Page, expect

from tests.support.accessibility import violations
from tests.support.site import Server, Site
from tests.support.tab import NewContext, OpenTab

pytestmark = pytest.mark.asyncio(loop_scope="session")


def tab_of(page: Page, name: str) -> Locator:
    return page.locator("#views a", has_text=name)


async def save(page: Page, name: str, *, shared: bool = False) -> None:
    """Save the list that the page shows."""
    await page.get_by_role("link", name="Save view").click()
    await page.get_by_label("Name").fill(name)
    if shared:
        await page.get_by_label("Share it with everybody").check()
    assert await violations(page) == []
    await page.get_by_role("button", name="Save").click()
    await expect(tab_of(page, name)).to_have_attribute("aria-current", "page")


async def test_shared_view_is_everybodys_tab_and_its_count_is_live(
    open_tab: OpenTab, server: Server, site: Site
) -> None:
    package, name = f"p{uuid4().hex[:8]}", f"Ours {uuid4().hex[:8]}"
    apv = server.add_apv(package_name=package)
    lena = await open_tab(path=f"/?package_name={package}&assigned=me&sort=age", user="lead")
    await save(lena.page, name, shared=True)
    await expect(tab_of(lena.page, name).locator(".count")).to_have_text("0")
    rita = await open_tab()
    theirs = tab_of(rita.page, name)
    await expect(theirs.locator(".count")).to_have_text("0")
    assign(server, apv["apv_id"], "reviewer")
    await expect(theirs.locator(".count")).to_have_text("1")
    await expect(tab_of(lena.page, name).locator(".count")).to_have_text("0")
    await theirs.click()
    await expect(rita.page.locator("#list tbody tr")).to_have_count(1)
    await expect(theirs).to_have_attribute("aria-current", "page")
    await rita.page.reload()
    await expect(theirs).to_have_attribute("aria-current", "page")
    server.decide(apv["apv_id"], user="lead")
    await expect(theirs.locator(".count")).to_have_text("0")
    assert await violations(rita.page) == []
    await rita.page.get_by_role("link", name="Edit views").click()
    await expect(rita.page.locator(".kept-views li", has_text=name)).to_be_visible()
    await expect(rita.page.get_by_text("Delete it for everybody")).to_have_count(0)
    await lena.page.get_by_role("link", name="Edit views").click()
    mine = lena.page.locator(".kept-views li", has_text=name)
    await mine.locator("summary", has_text="Delete").click()
    await mine.get_by_role("button", name="Delete it for everybody").click()
    await expect(lena.page.get_by_text(name)).to_have_count(0)


def assign(server: Server, apv_id: str, user: str) -> None:
    answer = server.client("lead").put(f"/hitl/apvs/{apv_id}/assignment", json={"user": user})
    assert answer.status_code == 200, answer.text


async def test_list_of_ones_own_work_follows_claims_and_assignments(
    open_tab: OpenTab, server: Server
) -> None:
    package = f"p{uuid4().hex[:8]}"
    apv, _other = server.add_apv(package_name=package), server.add_apv()
    lena = await open_tab(path=f"/?package_name={package}&claimed=free", user="lead")
    await expect(lena.page.locator("#list tbody tr")).to_have_count(1)
    rita = await open_tab(path=f"/apvs/{apv['apv_code']}")
    await rita.page.keyboard.press("c")
    await expect(lena.page.locator("#list tbody tr")).to_have_count(0)
    await rita.page.keyboard.press("j")
    await expect(lena.page.locator("#list tbody tr")).to_have_count(1)


async def test_view_is_saved_renamed_and_deleted_without_scripts(
    new_context: NewContext, server: Server
) -> None:
    name = f"Mine {uuid4().hex[:8]}"
    context = await new_context("reviewer", java_script_enabled=False)
    page = await context.new_page()
    await page.goto(f"{server.origin}/?severity=CRITICAL,HIGH&step=minor")
    await save_plainly(page, name)
    await page.get_by_role("link", name="Edit views").click()
    row = page.locator(".kept-views li", has_text=name)
    await expect(row).to_contain_text("Severity: Critical, High; Step of the version: Minor")
    await row.locator("summary", has_text="Rename").click()
    await row.get_by_label("Name").fill(f"{name}, again")
    await row.get_by_role("button", name="Rename").click()
    row = page.locator(".kept-views li", has_text=f"{name}, again")
    await row.locator("summary", has_text="Delete").click()
    await row.get_by_role("button", name="Delete it").click()
    await expect(page.get_by_text(name)).to_have_count(0)


async def save_plainly(page: Page, name: str) -> None:
    await page.get_by_role("link", name="Save view").click()
    await page.get_by_label("Name").fill(name)
    await page.get_by_role("button", name="Save").click()
    await expect(page).to_have_url(re.compile("severity=CRITICAL,HIGH"))
    await expect(tab_of(page, name)).to_have_attribute("aria-current", "page")
