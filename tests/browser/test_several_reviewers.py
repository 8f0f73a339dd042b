"""Several reviewers at the same APV see each other, and what the others changed."""

import re

import pytest
from playwright.async_api import expect

from tests.support.site import Server, Site
from tests.support.tab import REASON, OpenTab, decide

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_two_reviewers_at_once_see_each_other_and_the_late_one_keeps_the_draft(
    open_tab: OpenTab, server: Server
) -> None:
    apv = server.add_apv()
    address = f"/apvs/{apv['apv_code']}"
    late, early = await open_tab(path=address), await open_tab(path=address, user="lead")
    await late.page.keyboard.press("r")
    await late.page.keyboard.type("I would rather not merge this.")
    await decide(early.page)
    await early.page.get_by_text(f"Your decision on {apv['apv_code']}").wait_for()
    told = f"{apv['apv_code']} approved by Lena Lead while you were reading."
    await late.page.get_by_text(told).wait_for()
    await expect(late.page.locator(".head .tag")).to_have_text("Approved")
    await expect(late.page.get_by_label("Approve")).to_be_disabled()
    await late.page.keyboard.press("Control+Enter")
    await late.page.keyboard.type("!")
    await expect(late.page.locator("#confirm")).not_to_be_visible()
    reason = late.page.get_by_label("Justification")
    await expect(reason).to_have_value("I would rather not merge this.")
    await expect(reason).not_to_be_editable()


async def test_readers_of_one_apv_see_each_other_until_they_leave(
    open_tab: OpenTab, server: Server
) -> None:
    apv, other = server.add_apv(), server.add_apv()
    address = f"/apvs/{apv['apv_code']}"
    rita, lena = await open_tab(path=address), await open_tab(path=address, user="lead")
    seen = rita.page.locator("#readers")
    await expect(seen).to_have_text("Lena Lead is reading this", timeout=15_000)
    await expect(lena.page.locator("#readers")).to_have_text(
        "Rita Reviewer is reading this", timeout=15_000
    )
    await lena.page.get_by_role("link", name=other["apv_code"]).click()
    await expect(seen).to_have_text("", timeout=15_000)
    await lena.page.go_back()
    await expect(seen).to_have_text("Lena Lead is reading this", timeout=15_000)
    await lena.page.context.set_offline(True)  # it cannot send that it leaves
    await expect(seen).to_have_text("", timeout=15_000)
    await decide(rita.page)
    await rita.page.get_by_text(f"Your decision on {apv['apv_code']}").wait_for()


async def test_change_is_said_while_the_apv_is_read_and_shown_on_demand(
    open_tab: OpenTab, server: Server, site: Site
) -> None:
    apv = server.add_apv()
    page = (await open_tab(path=f"/apvs/{apv['apv_code']}")).page
    await page.fill("#id_justification", REASON)
    site.execute(
        "UPDATE reviews_apv SET severity = 'LOW', version = 2 WHERE apv_id = %s", apv["apv_id"]
    )
    await page.get_by_text("This APV changed while you were reading.").wait_for()
    await page.get_by_role("button", name="Show what changed").click()
    changes = page.locator(".changes")
    await expect(changes).to_contain_text("This APV changed while you read it")
    assert re.sub(r"\s+", " ", await changes.inner_text()).endswith("Severity high → low")
    assert await page.input_value("#id_justification") == REASON


async def test_apv_that_changed_is_shown_with_what_changed_and_the_draft(
    open_tab: OpenTab, server: Server, site: Site
) -> None:
    apv = server.add_apv()
    page = (await open_tab(path=f"/apvs/{apv['apv_code']}")).page
    await page.keyboard.press("a")
    await page.keyboard.type(REASON)
    site.execute(
        "UPDATE reviews_apv SET severity = 'CRITICAL', version = 2 WHERE apv_id = %s", apv["apv_id"]
    )
    await page.keyboard.press("Control+Enter")
    changes = page.locator(".changes")
    await expect(changes).to_contain_text("This APV changed while you read it")
    assert re.sub(r"\s+", " ", await changes.inner_text()).endswith("Severity high → critical")
    assert await page.input_value("#id_justification") == REASON
    await expect(page.locator(".refused")).to_be_focused()
    await page.locator("#decision-form .primary").click()
    await expect(page.locator("#confirm .badge")).to_have_text("Critical")
    await page.locator("#confirm .primary").click()
    await page.get_by_text(f"Your decision on {apv['apv_code']}").wait_for()
    assert site.status_of(apv) == "approved"
