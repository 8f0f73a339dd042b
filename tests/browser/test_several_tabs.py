"""A reader with several tabs, and one whose clock is wrong."""

import re
from functools import partial

import pytest
from playwright.async_api import Page, expect

from tests.support.site import Server, Site
from tests.support.tab import OpenTab, becomes

pytestmark = pytest.mark.asyncio(loop_scope="session")

WRONG_CLOCK = "const rightly = Date.now.bind(Date); Date.now = () => rightly() + {} * 3_600_000;"
KEPT = """code => {
  const found = Object.entries(localStorage).find(([key]) => key.endsWith(code));
  return JSON.parse(found?.[1] ?? "{}").justification ?? "";
}"""


async def another(page: Page) -> Page:
    """Open a second tab of the same browser, with the same page."""
    second = await page.context.new_page()
    await second.goto(page.url)
    await expect(second.locator("#line")).to_have_attribute("data-status", "live")
    return second


async def kept(page: Page, code: str) -> str:
    """Return the justification in the draft of an APV."""
    read = (
        "code => JSON.parse(Object.entries(localStorage).find(([key]) => key.endsWith(code))?.[1]"
    )
    return str(await page.evaluate(f"{read} ?? '{{}}').justification ?? ''", code))


async def test_reader_who_closes_one_of_two_tabs_is_still_there(
    open_tab: OpenTab, server: Server, site: Site
) -> None:
    apv = server.add_apv()
    address = f"/apvs/{apv['apv_code']}"
    rita, lena = await open_tab(path=address), await open_tab(path=address, user="lead")
    seen = lena.page.locator("#readers")
    await expect(seen).to_have_text("Rita Reviewer is reading this", timeout=15_000)
    await lena.page.evaluate("""() => {
      window.said = [];
      new MutationObserver(() => said.push(document.getElementById("readers").textContent))
        .observe(document.getElementById("readers"), { childList: true });
    }""")
    second = await another(rita.page)
    async with second.expect_response(lambda answer: answer.url.endswith("/reading")):
        pass  # it has sent that it reads
    await second.close()
    async with lena.page.expect_response(lambda answer: answer.url.endswith("/reading")):
        pass
    async with lena.page.expect_response(lambda answer: answer.url.endswith("/reading")):
        pass
    assert await lena.page.evaluate("said") == []
    await rita.page.close()
    await expect(seen).to_have_text("", timeout=15_000)


async def test_idle_tab_that_is_closed_leaves_the_draft_of_another_one(
    open_tab: OpenTab, server: Server
) -> None:
    apv = server.add_apv()
    busy = (await open_tab(path=f"/apvs/{apv['apv_code']}")).page
    idle = await another(busy)
    await busy.bring_to_front()
    text = "The newest text, which must win."
    await busy.fill("#id_justification", text)
    await expect(idle.locator("#id_justification")).to_have_value(text)
    await expect(idle.locator("#count")).to_contain_text("32")
    await idle.goto("about:blank")
    await idle.close()
    assert await kept(busy, apv["apv_code"]) == text


async def test_idle_tab_with_an_older_text_brings_it_not_back(
    open_tab: OpenTab, server: Server
) -> None:
    apv = server.add_apv()
    first = (await open_tab(path=f"/apvs/{apv['apv_code']}")).page
    await first.fill("#id_justification", "The older text of the first tab.")
    await expect(first.locator("#draft-note")).to_contain_text("Draft kept")
    second = await another(first)
    await second.fill("#id_justification", "What was written last, in the second.")
    await expect(first.locator("#id_justification")).to_have_value(
        "What was written last, in the second."
    )
    await first.goto("about:blank")
    assert await kept(second, apv["apv_code"]) == "What was written last, in the second."


async def test_what_is_typed_in_two_tabs_ends_with_what_was_typed_last(
    open_tab: OpenTab, server: Server
) -> None:
    apv = server.add_apv()
    first = (await open_tab(path=f"/apvs/{apv['apv_code']}")).page
    second = await another(first)
    for text in ("one", "two", "three", "four"):
        for page in (first, second):
            await page.fill("#id_justification", f"{text} in this tab")
            await expect(page.locator("#id_justification")).to_have_value(f"{text} in this tab")
    await first.goto("about:blank")
    await expect(second.locator("#id_justification")).to_have_value("four in this tab")
    await becomes(partial(kept, second, apv["apv_code"]), "four in this tab")


@pytest.mark.parametrize("hours", [3, -3])
async def test_ages_are_the_servers_whatever_the_readers_clock_says(
    open_tab: OpenTab, server: Server, site: Site, hours: int
) -> None:
    old = server.add_apv(package_name="old")
    site.execute(
        "UPDATE reviews_apv SET created_at = now() - interval '90 min' WHERE apv_id = %s",
        old["apv_id"],
    )
    page = (await open_tab(clock=True, script=WRONG_CLOCK.format(hours))).page
    server.add_apv(package_name="new")
    rows = page.locator("#queue tbody tr")
    await expect(rows).to_have_count(2)
    await page.clock.run_for("01:00")  # the ages are updated, with the server's time in a pong
    await expect(rows.filter(has_text="old").locator("time")).to_have_text(
        re.compile("1 h 3[01] min")
    )
    await expect(rows.filter(has_text="new").locator("time")).to_have_text(
        re.compile("^(< )?1 min")
    )
