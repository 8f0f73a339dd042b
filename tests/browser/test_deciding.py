"""A decision is what was confirmed, and no accident chooses anything."""

import asyncio

import pytest
from playwright.async_api import Page, Route, expect

from tests.support.people import move_to_group, new_user
from tests.support.site import COPIES, Server, Site
from tests.support.tab import REASON, SAVE_DATA, OpenTab, becomes, decide, recorded, send, write

pytestmark = pytest.mark.asyncio(loop_scope="session")

BUSY = """(milliseconds) => {
  const stall = () => {
    const end = performance.now() + milliseconds;
    while (performance.now() < end);
  };
  document.querySelector("#confirm").addEventListener("click", () => setTimeout(stall));
}"""
TWO_LINES = """--- a/app.cfg
+++ b/app.cfg
@@ -1,2 +1,2 @@
-timeout = 3
-retries = 1
+timeout = 5
+retries = 2
"""
OPTION_UNDER_THE_BUTTON = """(kind) => {
  const button = document.querySelector("#confirm .primary").getBoundingClientRect();
  const option = document.querySelector(`.option:has([value=${kind}])`);
  option.style.position = "fixed";
  option.style.inset = `${button.y - 40}px auto auto ${button.x - 40}px`;
  option.style.width = option.style.height = "300px";
}"""


async def ask(page: Page, key: str = "r") -> None:
    await write(page, key)
    await send(page)


# -- The question -----------------------------------------------------------------------------


async def test_button_that_sends_has_the_colour_of_what_is_chosen(
    open_tab: OpenTab, server: Server
) -> None:
    page = (await open_tab(path=f"/apvs/{server.add_apv()['apv_code']}")).page
    colours = set()
    for kind in ("approve", "reject", "modify", "escalate"):
        await page.locator(f"[name=decision][value={kind}]").check()
        button = page.locator("#decision-form .primary")
        colours.add(await button.evaluate("(one) => getComputedStyle(one).backgroundColor"))
    assert len(colours) == 4


@pytest.mark.parametrize("gap", [0.05, 0.1, 0.2])
async def test_second_click_of_two_changes_nothing_however_busy_the_page_is(
    open_tab: OpenTab, server: Server, site: Site, gap: float
) -> None:
    apv, following = server.add_apv(severity="CRITICAL"), server.add_apv()
    page = (await open_tab(path=f"/apvs/{apv['apv_code']}")).page
    devtools = await page.context.new_cdp_session(page)
    await ask(page)
    await page.evaluate(BUSY, 300)
    await page.evaluate(OPTION_UNDER_THE_BUTTON, "approve")
    box = await page.locator("#confirm .primary").bounding_box()
    assert box
    await page.locator("html:not([data-guarded])").wait_for()
    at = {"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 2, "button": "left"}
    sent = []
    for count in (1, 2):  # without waiting for the page, as people do
        for kind in ("mousePressed", "mouseReleased"):
            event = {"type": kind, "clickCount": count, **at}
            sent.append(asyncio.ensure_future(devtools.send("Input.dispatchMouseEvent", event)))
        await asyncio.sleep(gap)
    await asyncio.gather(*sent)
    await becomes(recorded(site, apv), ["reject"])
    await page.locator(f"#reading[data-code={following['apv_code']}]").wait_for()
    await expect(page.locator("[name=decision]:checked")).to_have_count(0)


async def test_question_shows_what_is_recorded_and_what_speaks_against_it(
    open_tab: OpenTab, server: Server
) -> None:
    apv = server.add_apv(wargame_verdict="partial", validation_warnings=["Stale lock file."])
    page = (await open_tab(path=f"/apvs/{apv['apv_code']}")).page
    await page.get_by_label("Fairly sure").check()
    await ask(page, "a")
    question = page.locator("#question")
    for shown in (
        REASON,
        "Fairly sure, 75 %",
        "The wargame was a partial success only.",
        "Stale lock file.",
        "The machine would decide otherwise: reject.",
    ):
        await expect(question).to_contain_text(shown)
    green = await page.locator("#confirm .primary").evaluate(
        "(b) => getComputedStyle(b).background"
    )
    await page.keyboard.press("Escape")
    await expect(page.get_by_label("Justification")).to_have_value(REASON)
    await page.get_by_label("Reject").check()
    await page.locator("#decision-form .primary").click()
    await expect(page.locator("#confirm .primary")).to_have_class("primary bad")
    red = await page.locator("#confirm .primary").evaluate("(b) => getComputedStyle(b).background")
    assert green != red


async def test_form_stands_still_while_the_question_is_on_its_way(
    open_tab: OpenTab, server: Server, site: Site
) -> None:
    apv = server.add_apv()
    page = (await open_tab(path=f"/apvs/{apv['apv_code']}")).page
    comes = asyncio.Event()

    async def hold(route: Route) -> None:
        if route.request.method == "POST":
            await comes.wait()
        await route.continue_()

    await page.route(f"**/apvs/{apv['apv_code']}", hold)
    await page.keyboard.press("r")
    await page.keyboard.type(REASON)
    await page.keyboard.press("Control+Enter")
    await page.keyboard.type("aemd more words")
    await page.keyboard.press("Enter")
    comes.set()
    await expect(page.locator("#confirm-title")).to_have_text(f"Reject {apv['apv_code']}?")
    await expect(page.locator("#question .prose")).to_have_text(REASON)
    assert site.status_of(apv) == "pending"
    await page.locator("#confirm .primary").click()
    await becomes(recorded(site, apv), ["reject"])


async def test_question_that_somebody_else_answered_first_says_so(
    open_tab: OpenTab, server: Server, site: Site
) -> None:
    apv = server.add_apv()
    page = (await open_tab(path=f"/apvs/{apv['apv_code']}")).page
    await ask(page)
    server.decide(apv["apv_id"], user="lead")
    notice = page.locator("#confirm-notice")
    await expect(notice).to_contain_text(f"{apv['apv_code']} approved by Lena Lead")
    await expect(page.locator("#confirm .primary")).to_be_disabled()
    await page.get_by_role("button", name="Go back").click()
    await expect(page.get_by_label("Justification")).to_have_value(REASON)
    await expect(page.get_by_label("Reject")).to_be_disabled()
    assert site.status_of(apv) == "approved"


# -- What is missing, and what is refused -----------------------------------------------------


async def test_what_is_missing_is_said_at_its_field_until_it_is_there(
    open_tab: OpenTab, server: Server
) -> None:
    apv = server.add_apv()
    page = (await open_tab(path=f"/apvs/{apv['apv_code']}")).page
    await page.keyboard.press("r")
    await page.keyboard.type("short")
    await page.keyboard.press("Control+Enter")
    error = page.locator("#id_justification_error")
    await expect(error).to_have_text("Write 10 to 5,000 characters.")
    reason = page.get_by_label("Justification")
    await expect(reason).to_be_focused()
    await expect(reason).to_have_attribute("aria-invalid", "true")
    await page.keyboard.type(" no more")
    await expect(error).to_have_count(0)
    await expect(reason).not_to_have_attribute("aria-invalid", "true")


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (400, "The server could not read what was sent."),
        (403, "You may not do this any more"),
        (404, "This APV is not here any more."),
        (413, "What you wrote is too long to be sent."),
        (429, "Wait 7 s, then send it again."),
        (502, "The server has trouble of its own (502)."),
    ],
)
async def test_each_refusal_has_its_own_words_and_the_draft_stays(
    open_tab: OpenTab, server: Server, status: int, words: str
) -> None:
    apv = server.add_apv()
    page = (await open_tab(path=f"/apvs/{apv['apv_code']}")).page

    async def refuse(route: Route) -> None:
        if route.request.method != "POST":
            await route.continue_()
            return
        await route.fulfill(status=status, body="<html></html>", headers={"Retry-After": "7"})

    await page.route(f"**/apvs/{apv['apv_code']}", refuse)
    await page.keyboard.press("r")
    await page.keyboard.type(REASON)
    await page.keyboard.press("Control+Enter")
    await expect(page.locator("#form-notice")).to_contain_text(words)
    await expect(page.locator("#form-notice")).to_contain_text("Your draft stays here.")
    await expect(page.get_by_label("Justification")).to_have_value(REASON)
    await expect(page.get_by_label("Justification")).to_be_editable()


async def test_right_that_goes_while_the_question_is_open_leaves_the_draft_to_copy(
    open_tab: OpenTab, server: Server, site: Site
) -> None:
    apv, name = server.add_apv(), new_user(site, "reviewers")
    page = (await open_tab(path=f"/apvs/{apv['apv_code']}", user=name)).page
    await ask(page)
    move_to_group(site, name, "observers")
    await page.locator("#confirm .primary").click()
    await page.get_by_text("You may read APVs, but not decide on them.").wait_for()
    await expect(page.locator("#draft")).to_have_value(REASON)
    assert site.status_of(apv) == "pending"


async def test_apv_that_cannot_be_read_is_no_decision_that_was_not_sent(
    open_tab: OpenTab, server: Server
) -> None:
    shown, wanted = server.add_apv(), server.add_apv()
    tab = await open_tab(path=f"/apvs/{shown['apv_code']}")
    page = tab.page
    await page.context.set_offline(True)
    await tab.status_becomes("offline")
    await page.get_by_role("link", name=wanted["apv_code"]).click()
    await expect(page.locator("#unread")).to_contain_text(f"{wanted['apv_code']} could not be read")
    await expect(page.locator("#form-notice")).to_be_hidden()
    await expect(page.get_by_role("button", name="Retry now")).to_be_visible()
    await page.context.set_offline(False)
    await tab.status_becomes("live")
    await expect(page.locator("#unread")).to_be_hidden()
    await expect(page.get_by_role("button", name="Retry now")).to_be_hidden()


async def test_apv_that_was_asked_for_from_a_row_that_is_gone_can_be_decided_on(
    open_tab: OpenTab, server: Server, site: Site
) -> None:
    shown, wanted = server.add_apv(severity="CRITICAL"), server.add_apv()
    tab = await open_tab(path=f"/apvs/{shown['apv_code']}", script=SAVE_DATA)
    page, comes = tab.page, asyncio.Event()

    async def hold(route: Route) -> None:
        await comes.wait()
        await route.continue_()

    await page.route(f"**/apvs/{wanted['apv_code']}", hold)
    row = page.locator(f"#apv-{wanted['apv_id']}")
    await row.evaluate("(row) => (row.dataset.before = '')")
    await page.get_by_role("link", name=wanted["apv_code"]).click()
    await expect(page.locator("#reading")).to_have_js_property("inert", value=True)
    site.execute(COPIES, 1, 30)  # which their number shows: the list is read again
    await expect(page.locator("[data-before]")).to_have_count(0)
    comes.set()
    await page.locator(f"#reading[data-code={wanted['apv_code']}]").wait_for()
    await expect(page.locator("#reading")).to_have_count(1)  # it took the place of the other
    await expect(page.locator("#reading")).to_have_js_property("inert", value=False)
    await decide(page, "r")
    await becomes(recorded(site, wanted), ["reject"])


# -- Modifying --------------------------------------------------------------------------------


async def test_suggestion_at_a_line_of_the_diff_names_it(
    open_tab: OpenTab, server: Server, site: Site
) -> None:
    apv = server.add_apv()
    page = (await open_tab(path=f"/apvs/{apv['apv_code']}")).page
    await page.keyboard.press("2")
    await page.locator("#diff tr.add").first.hover()
    await page.get_by_role("button", name="Suggest a change at this line").click()
    await page.keyboard.type("pin 2.32.4")
    await page.get_by_label("Justification").fill(REASON)
    await page.locator("#decision-form .primary").click()
    await page.locator("#confirm .primary").click()
    await becomes(recorded(site, apv), ["modify"])
    rows = site.rows("SELECT modifications FROM reviews_decision WHERE apv_id = %s", apv["apv_id"])
    assert rows == [({"requirements.txt:1": "pin 2.32.4"},)]


async def test_suggestion_at_a_line_needs_no_pointer(
    open_tab: OpenTab, server: Server, site: Site
) -> None:
    apv = server.add_apv(patch_diff=TWO_LINES)
    page = (await open_tab(path=f"/apvs/{apv['apv_code']}")).page
    await page.keyboard.press("2")
    await page.locator("#tabs [aria-selected=true]").focus()
    suggest = page.get_by_role("button", name="Suggest a change at this line: app.cfg:")
    for _ in range(30):
        await page.keyboard.press("Tab")
        if await page.locator("#panel-patch :focus").count():
            await expect(suggest).to_be_visible()
        if await suggest.count() and await suggest.evaluate("(b) => b === document.activeElement"):
            break
    await expect(suggest).to_be_focused()
    await page.keyboard.press("End")
    await page.keyboard.press("ArrowUp")
    await page.keyboard.press("ArrowDown")
    await expect(suggest).to_have_accessible_name("Suggest a change at this line: app.cfg:2")
    await page.keyboard.press("Enter")
    await page.keyboard.type("retries = 4")
    await page.get_by_label("Justification").fill(REASON)
    await page.keyboard.press("Control+Enter")
    await page.locator("#confirm .primary").click()
    await becomes(recorded(site, apv), ["modify"])
    rows = site.rows("SELECT modifications FROM reviews_decision WHERE apv_id = %s", apv["apv_id"])
    assert rows == [({"app.cfg:2": "retries = 4"},)]
