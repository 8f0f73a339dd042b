"""Folded lists in a browser: by keyboard, live, and decided on as a whole."""

import pytest
from playwright.async_api import Page, expect

from tests.support.accessibility import violations
from tests.support.site import Server
from tests.support.tab import NewContext, OpenTab, becomes

pytestmark = pytest.mark.asyncio(loop_scope="session")
LIVE_MS = 15_000


def add_langchain(server: Server, *versions: str) -> None:
    for version in versions:
        server.add_apv(package_name="langchain", fixed_version=version)


async def says(page: Page) -> list[str]:
    return await page.locator("#list .at-says").all_inner_texts()


async def test_list_is_folded_by_a_key_and_a_group_opened_by_another(
    open_tab: OpenTab, server: Server
) -> None:
    server.add_apv(package_name="django", severity="CRITICAL", cve_id="CVE-2026-10001")
    add_langchain(server, "0.0.9", "0.0.247")
    page = (await open_tab()).page
    await page.keyboard.press("f")
    await becomes(lambda: says(page), ["1 APV", "2 APVs, one bump to 0.0.247 fixes all"])
    await expect(page).to_have_url(f"{server.origin}/?fold=package")
    await page.keyboard.press("j")
    await page.keyboard.press("j")
    group = page.get_by_role("link", name="langchain")
    await expect(group).to_be_focused()
    assert await violations(page) == []
    await page.keyboard.press("Enter")
    await expect(page.locator("#list .at-code")).to_have_count(2)
    await expect(page.locator("#reading-title")).to_contain_text("langchain")
    await page.go_back()
    await expect(group).to_be_visible()
    await page.keyboard.press("f")
    await expect(page).to_have_url(f"{server.origin}/?fold=cve")
    await page.keyboard.press("f")
    await expect(page.locator("#list .empty")).to_contain_text("There is nothing to fold by")
    await page.keyboard.press("f")
    await expect(page.locator("#list .at-code")).to_have_count(3)


async def test_group_is_selected_whole_and_decided_together(
    open_tab: OpenTab, server: Server
) -> None:
    server.add_apv(package_name="django")
    add_langchain(server, "0.0.9", "0.0.247")
    page = (await open_tab(path="/?fold=package")).page
    await page.get_by_role("link", name="langchain").focus()
    await page.keyboard.press("x")
    await expect(page.locator("#many .selected")).to_have_text("2 selected")
    assert await violations(page) == []
    await page.keyboard.press("a")
    await expect(page.locator("#batch-form")).to_contain_text("2 APVs together")


async def test_folded_list_follows_what_arrives_and_what_is_decided(
    open_tab: OpenTab, server: Server
) -> None:
    first = server.add_apv(package_name="django")
    page = (await open_tab(path="/?fold=package", user="lead")).page
    assert await says(page) == ["1 APV"]
    add_langchain(server, "1.0", "1.1")
    langchain = "2 APVs, one bump to 1.1 fixes all"
    await expect(page.locator("#list .at-says").first).to_have_text(langchain, timeout=LIVE_MS)
    await expect(page).to_have_title("(3) Queue · HITL Console")
    server.decide(first["apv_id"])
    await expect(page.locator("#list .at-says")).to_have_count(1, timeout=LIVE_MS)
    assert await says(page) == [langchain]


async def test_folded_list_works_without_scripts_and_on_a_phone(
    new_context: NewContext, server: Server, empty_queue: None
) -> None:
    add_langchain(server, "1.0", "1.1")
    context = await new_context(java_script_enabled=False, viewport={"width": 360, "height": 640})
    page = await context.new_page()
    await page.goto(f"{server.origin}/")
    await page.locator("#narrow summary").first.click()
    await page.locator("[name=fold][value=package]").check()
    await page.get_by_role("button", name="Apply").click()
    await expect(page.locator("#list .at-says")).to_have_text(["2 APVs, one bump to 1.1 fixes all"])
    wide = await page.evaluate("document.documentElement.scrollWidth > innerWidth")
    assert not wide
    await page.locator("[name=group]").check()
    await page.locator("#many button[value=approve]").click()
    await expect(page.locator("#batch-form")).to_contain_text("2 APVs together")
