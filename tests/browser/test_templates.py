"""Beginning a justification with a template, by keyboard."""

import pytest
from playwright.async_api import expect

from tests.support.accessibility import violations
from tests.support.site import Server, Site
from tests.support.tab import OpenTab, becomes, recorded

pytestmark = pytest.mark.asyncio(loop_scope="session")
ADD = """
INSERT INTO reviews_template (name, text, kind, changed_at, changed_by_name)
VALUES ('Bump', 'Bump of {package} to {fixed_version}: tests pass.', 'approve', now(), 'Lena'),
    ('Not used', 'We do not call what is vulnerable in {package}.', '', now(), 'Lena')
"""


@pytest.fixture(autouse=True)
def templates(site: Site) -> None:
    site.empty("reviews_template")
    site.execute(ADD)


async def test_decision_is_made_with_a_template_by_five_keys(
    open_tab: OpenTab, server: Server, site: Site
) -> None:
    apv = server.add_apv(package_name="ws", fixed_version="8.17.1")
    page = (await open_tab(path=f"/apvs/{apv['apv_code']}")).page
    await page.keyboard.press("a")
    await page.keyboard.press("/")
    await expect(page.locator("#offered-dialog a").first).to_be_focused()
    assert await violations(page) == []
    await page.keyboard.press("1")
    await expect(page.locator("#offered-dialog")).to_have_count(0)
    await expect(page.get_by_label("Justification")).to_be_focused()
    await expect(page.get_by_label("Justification")).to_have_value(
        "Bump of ws to 8.17.1: tests pass."
    )
    await page.keyboard.press("Control+Enter")
    await becomes(recorded(site, apv), ["approve"])


async def test_template_chooses_its_decision_and_escape_chooses_nothing(
    open_tab: OpenTab, server: Server
) -> None:
    apv = server.add_apv(package_name="ws", fixed_version="8.17.1")
    page = (await open_tab(path=f"/apvs/{apv['apv_code']}")).page
    reason = page.get_by_label("Justification")
    await reason.focus()
    await page.keyboard.press("/")
    await page.locator("#offered-dialog").wait_for()
    await page.keyboard.press("Escape")
    await expect(reason).to_be_focused()
    await expect(reason).to_have_value("")
    await page.get_by_role("link", name="Templates").click()
    await page.locator("#offered-dialog").wait_for()
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("ArrowUp")
    await page.keyboard.press("Enter")
    await expect(page.get_by_label("Approve")).to_be_checked()
    await expect(reason).to_have_value("Bump of ws to 8.17.1: tests pass.")
    await page.keyboard.type(" a/b")
    await expect(reason).to_have_value("Bump of ws to 8.17.1: tests pass. a/b")


async def test_many_begin_with_a_template_that_is_filled_in_for_each(
    open_tab: OpenTab, server: Server
) -> None:
    for name in ("ws", "flask"):
        server.add_apv(package_name=name)
    page = (await open_tab()).page
    await page.keyboard.press("x")
    await page.keyboard.press("j")
    await page.keyboard.press("x")
    await page.keyboard.press("a")
    await expect(page.locator("#batch-form textarea")).to_be_focused()
    await page.keyboard.press("/")
    await page.locator("#offered-dialog").wait_for()
    await page.keyboard.press("1")
    text = "Bump of {package} to {fixed_version}: tests pass."
    await expect(page.locator("#batch-form textarea")).to_have_value(text)
    await page.keyboard.press("Control+Enter")
    await expect(page.locator("#batch-question")).to_contain_text("Bump of ws to 2.31.0")
