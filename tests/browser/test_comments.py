"""Several people at once: comments at lines come live, and take nobody's text or place away."""

import re
from typing import Any

import pytest
from playwright.async_api import Locator, Page, expect

from tests.support.accessibility import violations, violations_everywhere
from tests.support.patches import many_lines
from tests.support.site import Server, Site
from tests.support.tab import OpenTab, hold, loaded

pytestmark = pytest.mark.asyncio(loop_scope="session")

PATCH = "--- a/app.py\n+++ b/app.py\n@@ -1,2 +1,2 @@\n import os\n-key = 1\n+key = 2\n"
LONG = (
    "--- a/app.py\n+++ b/app.py\n@@ -1,60 +1,60 @@\n"
    + "".join(f" line = {number}\n" for number in range(1, 60))
    + "-key = 1\n+key = 2\n"
)

SIZE = {"width": 1440, "height": 900}


def at_patch(apv: dict[str, Any]) -> str:
    return f"/apvs/{apv['apv_code']}#panel-patch"


async def write(page: Page, text: str, place: str = "") -> None:
    """Comment on the open APV by the keyboard."""
    await page.get_by_label("Comment", exact=True).focus()
    await page.keyboard.insert_text(text)
    await page.keyboard.press("Tab")
    await page.keyboard.insert_text(place)
    await page.keyboard.press("Enter")


async def open_form(page: Page, place: str) -> Locator:
    """Open the form at a line by the pointer; return its field."""
    number = place.rpartition(":")[2].removeprefix("-")
    column = 1 if ":-" in place else 2
    cell = page.locator(f"#diff td.nr:nth-child({column})", has_text=re.compile(rf"^{number}\b"))
    await cell.first.hover()
    await page.get_by_role("button", name=f"Comment on {place}", exact=True).click()
    field = page.get_by_label(f"Comment on {place}", exact=True).and_(page.locator("textarea"))
    await expect(field).to_be_focused()
    return field


def thread(page: Page, place: str) -> Locator:
    return page.locator(f"#diff tr.talk[data-place='{place}'] .thread")


async def test_comments_and_mentions_come_live_and_take_no_text_away(
    open_tab: OpenTab, server: Server
) -> None:
    apv = server.add_apv(patch_diff=PATCH)
    rita, lena = [
        await open_tab(path=at_patch(apv), user=user, viewport=SIZE)  # no bar covers the thread
        for user in ("reviewer", "lead")
    ]
    typing = lena.page.get_by_label("Comment", exact=True)
    await typing.fill("My own thought")
    await write(rita.page, "Why 2, @lead?", "app.py:2")
    await expect(thread(lena.page, "app.py:2")).to_contain_text("Why 2, @lead?")
    await expect(lena.page.get_by_text("Nobody has commented")).to_be_hidden()
    await expect(lena.page.locator("#comment-lines li")).to_have_text("app.py:2 1")
    await expect(lena.page.locator("#toast")).to_have_text(
        f"Rita Reviewer mentioned you on {apv['apv_code']}"
    )
    await expect(lena.page.locator("#notices .count")).not_to_have_text("0")
    await expect(typing).to_have_value("My own thought")
    await expect(rita.page.get_by_label("Comment", exact=True)).to_have_value("")
    assert lena.reloads == 0
    for tab in (rita, lena):
        assert await violations(tab.page) == []


@pytest.mark.parametrize("view", ["Unified", "Side by side"])
async def test_line_is_commented_on_at_the_line(
    open_tab: OpenTab, server: Server, view: str
) -> None:
    apv = server.add_apv(patch_diff=PATCH)
    page = (await open_tab(path=at_patch(apv))).page
    await page.get_by_role("link", name=view).click()
    await page.locator("#diff table.code").wait_for()
    for place in ("app.py:1", "app.py:-2"):
        column = 1 if ":-" in place else (2 if view == "Unified" else 3)
        row = page.locator("#diff table.code tr", has=page.locator(f"td:nth-child({column})"))
        cell = row.locator(f"td.nr:nth-child({column})").get_by_text(re.compile(rf"^{place[-1]}\b"))
        await cell.first.hover()
        await page.get_by_role("button", name=f"Comment on {place}", exact=True).click()
        await page.keyboard.type(f"About {place}")
        await page.keyboard.press("Control+Enter")
        await expect(thread(page, place)).to_contain_text(f"About {place}")
        await expect(thread(page, place).get_by_role("link", name="Reply")).to_be_focused()
    await expect(page.locator(".line-comment")).to_have_count(0)
    await expect(page.locator(".talks")).to_have_text("Comments 2")
    await page.reload()
    await expect(thread(page, "app.py:-2")).to_contain_text("About app.py:-2")
    assert await violations_everywhere(page) == []


async def test_line_is_commented_on_by_the_keyboard_alone(
    open_tab: OpenTab, server: Server
) -> None:
    apv = server.add_apv(patch_diff=PATCH)
    page = (await open_tab(path=at_patch(apv))).page
    await page.locator("#tabs [aria-selected=true]").focus()
    comment = page.get_by_role("button", name="Comment on app.py:")
    await loaded(page, "line_tools")
    for _ in range(30):
        await page.keyboard.press("Tab")
        if await comment.count() and await comment.evaluate("(b) => b === document.activeElement"):
            break
    await page.keyboard.press("End")
    await expect(comment).to_have_accessible_name("Comment on app.py:2")
    await page.keyboard.press("ArrowUp")
    await expect(comment).to_have_accessible_name("Comment on app.py:-2")
    await page.keyboard.press("Enter")
    await page.keyboard.type("A thought")
    await page.keyboard.press("Escape")
    await expect(page.locator(".line-comment")).to_have_count(0)
    await expect(page.locator("#toast")).to_have_text("Draft kept in this browser.")
    await expect(comment).to_be_focused()
    await page.keyboard.press("Enter")
    await page.keyboard.type(" more")
    await page.keyboard.press("Control+Enter")
    await expect(thread(page, "app.py:-2")).to_contain_text("A thought more")
    await page.keyboard.press("Enter")
    await page.keyboard.type("And an answer")
    await page.keyboard.press("Control+Enter")
    await expect(thread(page, "app.py:-2").locator("li")).to_have_count(2)
    await expect(page.locator("#decision-form [name=justification]")).to_have_value("")


async def test_line_that_is_pointed_at_before_its_tools_are_there_gets_them(
    open_tab: OpenTab, server: Server
) -> None:
    apv = server.add_apv(patch_diff=PATCH)
    tab = await open_tab()
    page = tab.page
    asked, goes = await hold(page, "**/line_tools.js*")
    await tab.open(f"/apvs/{apv['apv_code']}")  # an open page may still read it directly
    await page.keyboard.press("2")
    await page.locator("#diff tr.del td").last.hover()
    await asked.wait()
    await page.locator("#diff tr.add td").last.hover()
    goes.set()
    await page.get_by_role("button", name="Comment on app.py:2", exact=True).click()
    await expect(page.get_by_role("textbox", name="Comment on app.py:2")).to_be_focused()


async def test_draft_survives_a_reload_and_another_view(open_tab: OpenTab, server: Server) -> None:
    apv = server.add_apv(patch_diff=PATCH)
    page = (await open_tab(path=at_patch(apv))).page
    field = await open_form(page, "app.py:1")
    await field.fill("Half a thought")
    await page.get_by_role("link", name="Side by side").click()
    await page.locator("#diff.split .line-comment").wait_for()
    await expect(field).to_have_value("Half a thought")
    await page.get_by_role("link", name="Unified").click()
    await page.locator("#diff.unified .line-comment").wait_for()
    await page.reload()
    await expect(await open_form(page, "app.py:1")).to_have_value("Half a thought")


async def test_phone_comments_on_a_line_by_tapping(open_tab: OpenTab, server: Server) -> None:
    apv = server.add_apv(patch_diff=PATCH)
    size = {"width": 360, "height": 740}
    page = (await open_tab(path=at_patch(apv), viewport=size, has_touch=True)).page
    await page.locator("#diff tr.add td").last.tap()
    await page.get_by_role("button", name="Comment on app.py:2", exact=True).tap()
    await page.keyboard.type("From the train")
    await page.locator(".line-comment").get_by_role("button", name="Comment").tap()
    await expect(thread(page, "app.py:2")).to_contain_text("From the train")
    assert await page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    assert await violations(page) == []


async def test_three_people_talk_at_the_lines_while_one_decides(
    open_tab: OpenTab, server: Server, site: Site
) -> None:
    apv = server.add_apv(patch_diff=LONG)
    rita, lena, admin = [
        await open_tab(path=at_patch(apv), user=user, viewport=SIZE)
        for user in ("reviewer", "lead", "admin")
    ]
    draft = await open_form(admin.page, "app.py:60")
    await draft.press_sequentially("My dra")
    height = await top_of(draft)
    await comment(rita.page, "app.py:3", "Why 3, @lead?")
    await expect(thread(admin.page, "app.py:3")).to_contain_text("Why 3")
    await expect(lena.page.locator("#toast")).to_contain_text("Rita Reviewer mentioned you")
    await expect(draft).to_be_focused()
    assert await top_of(draft) == height
    await comment(lena.page, "app.py:60", "Looks right, @admin")
    await expect(thread(admin.page, "app.py:60")).to_contain_text("Looks right")
    await expect(draft).to_be_focused()
    await admin.page.keyboard.type("ft")
    await expect(draft).to_have_value("My draft")

    await edit(rita.page, "app.py:3", "Why 3? Edited.")
    await delete(lena.page, "app.py:60")
    for page in (admin.page, lena.page, rita.page):
        await expect(thread(page, "app.py:3")).to_contain_text("Why 3? Edited.")
        await expect(thread(page, "app.py:3").locator(".tag")).to_have_text("edited")
        await expect(thread(page, "app.py:60")).to_contain_text("This comment was deleted.")

    await rita.page.keyboard.press("c")
    await expect(admin.page.locator("#team")).to_contain_text("Rita Reviewer")
    assert server.decide(apv["apv_id"], user="lead").is_success
    await expect(admin.page.locator("#decided-meanwhile")).to_be_visible()
    await expect(draft).to_have_value("My draft")
    await draft.press("Control+Enter")
    await expect(thread(rita.page, "app.py:60").locator("li")).to_have_count(2)
    assert [tab.reloads for tab in (rita, lena, admin)] == [0, 0, 0]
    assert site.rows("SELECT count(*) FROM reviews_comment WHERE apv_id = %s", apv["apv_id"]) == [
        (3,)
    ]
    assert await violations(admin.page) == []


async def comment(page: Page, place: str, text: str) -> None:
    await (await open_form(page, place)).fill(text)
    await page.keyboard.press("Control+Enter")


async def edit(page: Page, place: str, text: str) -> None:
    await thread(page, place).get_by_text("Edit or delete").press("Enter")
    await thread(page, place).get_by_label("Text", exact=True).fill(text)
    await thread(page, place).get_by_role("button", name="Save").press("Enter")


async def delete(page: Page, place: str) -> None:
    await thread(page, place).get_by_text("Edit or delete").press("Enter")
    await thread(page, place).get_by_role("button", name="Delete").press("Enter")


async def top_of(field: Locator) -> int:
    return int(await field.evaluate("(field) => Math.round(field.getBoundingClientRect().top)"))


async def test_comments_come_with_the_part_of_a_large_patch_that_is_read_later(
    open_tab: OpenTab, server: Server
) -> None:
    long = many_lines(600)
    apv = server.add_apv(patch_diff=long.replace("x.py", "w.py") + long)
    path = f"/hitl/apvs/{apv['apv_id']}/comments"
    for place in ("x.py:5", "x.py:550"):
        server.post(path, {"text": f"At {place}", "place": place})
    page = (await open_tab(path=at_patch(apv))).page
    second = page.locator(".file").nth(1)
    await expect(second.locator(".talks")).to_have_text("Comments 2")
    await second.locator("> details > summary").click()
    await second.get_by_role("link", name="Show more lines").click()
    await expect(thread(page, "x.py:550")).to_contain_text("At x.py:550")
    server.post(path, {"text": "Live", "place": "x.py:550"}, user="lead")
    await expect(thread(page, "x.py:550")).to_contain_text("Live")
    await page.locator("#comment-lines").get_by_role("link", name="x.py:550").click()
    await expect(thread(page, "x.py:550")).to_be_in_viewport()


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


async def test_refusal_at_a_line_is_said_there_and_keeps_the_text(
    open_tab: OpenTab, server: Server, site: Site
) -> None:
    apv = server.add_apv(patch_diff=PATCH)
    page = (await open_tab(path=at_patch(apv))).page
    field = await open_form(page, "app.py:2")
    await field.fill("A long thought")
    refusal = page.locator(".line-comment [role=alert]")
    site.execute("UPDATE reviews_apv SET revision = 2 WHERE apv_id = %s", apv["apv_id"])
    await page.keyboard.press("Control+Enter")
    await expect(refusal).to_have_text("The patch changed meanwhile. Load the page again.")
    await expect(field).to_have_attribute("aria-invalid", "true")
    assert await violations(page) == []
    site.empty("reviews_apv")
    await page.keyboard.press("Control+Enter")
    await expect(refusal).to_contain_text("This APV is not here any more.")
    await expect(field).to_have_value("A long thought")


async def test_text_that_is_too_long_stays_where_it_was_typed(
    open_tab: OpenTab, server: Server
) -> None:
    apv = server.add_apv(patch_diff=PATCH)
    page = (await open_tab(path=at_patch(apv))).page
    field = await open_form(page, "app.py:2")
    await field.evaluate("(field) => field.removeAttribute('maxlength')")
    await field.fill("y" * 5_001)
    await page.keyboard.press("Control+Enter")
    await expect(page.locator(".line-comment [role=alert]")).to_have_text(
        "A comment has at most 5000 characters."
    )
    await expect(field).to_have_value("y" * 5_001)
    await field.fill("Short")
    await page.keyboard.press("Control+Enter")
    await expect(thread(page, "app.py:2")).to_contain_text("Short")
