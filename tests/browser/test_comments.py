"""Two people at once: comments and mentions come live, and take nobody's text away."""

import re

import pytest
from playwright.async_api import Page, expect

from tests.support.accessibility import violations
from tests.support.site import Server
from tests.support.tab import OpenTab

pytestmark = pytest.mark.asyncio(loop_scope="session")

PATCH = "--- a/app.py\n+++ b/app.py\n@@ -1,2 +1,2 @@\n import os\n-key = 1\n+key = 2\n"


async def write(page: Page, text: str, place: str = "") -> None:
    """Comment on the open APV by the keyboard."""
    await page.get_by_label("Comment", exact=True).focus()
    await page.keyboard.insert_text(text)
    await page.keyboard.press("Tab")
    await page.keyboard.insert_text(place)
    await page.keyboard.press("Enter")


async def test_comments_and_mentions_come_live_and_take_no_text_away(
    open_tab: OpenTab, server: Server
) -> None:
    apv = server.add_apv(patch_diff=PATCH)
    address = f"/apvs/{apv['apv_code']}"
    rita, lena = await open_tab(path=address), await open_tab(path=address, user="lead")
    typing = lena.page.get_by_label("Comment", exact=True)
    await typing.fill("My own thought")
    await write(rita.page, "Why 2, @lead?", "app.py:2")
    shown = lena.page.locator("#comment-list li[id]")
    await expect(shown).to_have_count(1)
    await expect(lena.page.get_by_text("Nobody has commented")).to_have_count(0)
    await expect(shown).to_contain_text("app.py:2")
    await expect(shown.locator(".quoted")).to_have_text("key = 2")
    await expect(lena.page.locator("#toast")).to_have_text(
        f"Rita Reviewer mentioned you on {apv['apv_code']}"
    )
    await expect(lena.page.locator("#notices .count")).not_to_have_text("0")
    await expect(typing).to_have_value("My own thought")
    await expect(rita.page.get_by_label("Comment", exact=True)).to_have_value("")
    assert lena.reloads == 0
    for tab in (rita, lena):
        assert await violations(tab.page) == []


async def test_edit_under_way_survives_comments_of_others(
    open_tab: OpenTab, server: Server
) -> None:
    apv = server.add_apv()
    address = f"/apvs/{apv['apv_code']}"
    rita, lena = await open_tab(path=address), await open_tab(path=address, user="lead")
    await write(rita.page, "First")
    await rita.page.get_by_text("Edit or delete").press("Enter")
    edited = rita.page.get_by_label("Text", exact=True)
    await edited.fill("First, but better")
    await write(lena.page, "Second")
    await expect(rita.page.locator("#comment-list > li")).to_have_count(2)
    await expect(edited).to_have_value("First, but better")
    assert await violations(rita.page) == []
    await rita.page.get_by_role("button", name="Save").press("Enter")
    first = lena.page.locator("#comment-list > li").first
    await expect(first).to_contain_text("First, but better")
    await expect(first).to_contain_text("edited")
    await first.get_by_text("Edit or delete").or_(first.get_by_text("Delete")).first.press("Enter")
    await first.get_by_role("button", name="Delete").press("Enter")
    await expect(rita.page.locator("#comment-list > li").first).to_contain_text(
        "This comment was deleted."
    )


async def test_refused_comment_says_why_and_keeps_the_text(
    open_tab: OpenTab, server: Server
) -> None:
    apv = server.add_apv(patch_diff=PATCH)
    tab = await open_tab(path=f"/apvs/{apv['apv_code']}")
    await write(tab.page, "Why?", "app.py:77")
    await expect(tab.page.locator("#comments [role=alert]")).to_have_text(
        "The patch does not show this line."
    )
    await expect(tab.page.get_by_label("Comment", exact=True)).to_have_value("Why?")
    await expect(tab.page.get_by_label(re.compile("Line of the patch"))).to_have_value("app.py:77")
