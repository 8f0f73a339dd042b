"""Two and three people at once: who claims an APV, takes it over, and what is next."""

import asyncio

import pytest
from playwright.async_api import Locator, Page, expect

from tests.support.accessibility import violations
from tests.support.people import new_user
from tests.support.site import Server, Site
from tests.support.tab import REASON, OpenTab, decide, hold, opened, send, write

pytestmark = pytest.mark.asyncio(loop_scope="session")


def in_row(page: Page, code: str, what: str = "claimed") -> Locator:
    """Return the place in the row of an APV that says who has it."""
    return page.locator("#list tr", has_text=code).locator(f".at-team .{what} bdi")


async def test_claim_by_a_key_is_seen_by_all_in_row_and_head_until_it_is_left(
    open_tab: OpenTab, server: Server
) -> None:
    apv, other = server.add_apv(), server.add_apv()
    address = f"/apvs/{apv['apv_code']}"
    rita, lena = await open_tab(path=address), await open_tab(path=address, user="lead")
    third = await open_tab(path=f"/apvs/{other['apv_code']}")
    await rita.page.keyboard.press("c")
    await expect(rita.page.locator("#team .mine")).to_have_text("You have it")
    await expect(lena.page.locator("#team .claimed")).to_have_text("Rita Reviewer has it")
    for tab in (rita, lena, third):
        await expect(in_row(tab.page, apv["apv_code"])).to_have_text("Rita Reviewer")
    await rita.page.keyboard.press("j")
    await expect(in_row(lena.page, apv["apv_code"])).to_be_hidden()
    await expect(lena.page.locator("#claim")).to_be_visible()
    assert lena.reloads == 0  # nothing else of the page was read again


async def test_of_two_who_claim_at_once_one_gets_it_and_the_other_reads_who(
    open_tab: OpenTab, server: Server
) -> None:
    apv = server.add_apv()
    address = f"/apvs/{apv['apv_code']}"
    tabs = [await open_tab(path=address), await open_tab(path=address, user="lead")]
    await asyncio.gather(*(tab.page.keyboard.press("c") for tab in tabs))
    for tab in tabs:
        await expect(in_row(tab.page, apv["apv_code"])).not_to_be_empty()
    [holder] = {await in_row(tab.page, apv["apv_code"]).inner_text() for tab in tabs}
    heads = sorted([await tab.page.locator("#team .claimed").inner_text() for tab in tabs])
    assert heads == sorted(["You have it", f"{holder} has it"])


async def test_claim_is_taken_over_with_a_word_that_its_user_reads_at_once(
    open_tab: OpenTab, server: Server, site: Site
) -> None:
    apv = server.add_apv()
    address, name = f"/apvs/{apv['apv_code']}", new_user(site)
    rita, other = await open_tab(path=address), await open_tab(path=address, user=name)
    await rita.page.keyboard.press("c")
    await expect(other.page.locator("#team .claimed")).to_have_text("Rita Reviewer has it")
    await other.page.keyboard.press("c")
    await other.page.keyboard.type("I know this package.")
    assert await violations(other.page) == []
    await other.page.keyboard.press("Enter")
    await expect(other.page.locator("#team .mine")).to_be_visible()
    told = f"{name} took {apv['apv_code']} over from you: I know this package."
    await expect(rita.page.locator("#toast")).to_have_text(told)
    await expect(rita.page.locator("#notices .count")).not_to_have_text("0")
    await expect(rita.page.locator("#team .claimed")).to_have_text(f"{name} has it")


async def test_what_is_written_meanwhile_outlives_news_that_come_late(
    open_tab: OpenTab, server: Server, site: Site
) -> None:
    apv = server.add_apv()
    address, name = f"/apvs/{apv['apv_code']}", new_user(site)
    rita, other = await open_tab(path=address), await open_tab(path=address, user=name)
    await rita.page.keyboard.press("c")
    await expect(other.page.locator("#team .claimed")).to_have_text("Rita Reviewer has it")
    asked, answer = await hold(other.page, f"**{address}/team")
    path = f"/hitl/apvs/{apv['apv_id']}/assignment"
    assert server.client("lead").put(path, json={"user": "lead"}).is_success
    await asked.wait()
    await other.page.keyboard.press("c")
    await other.page.locator("#take-over-reason").press_sequentially("I know ")
    async with other.page.expect_response(f"**{address}/team"):
        answer.set()
    await other.page.keyboard.type("it.")
    await expect(other.page.locator("#take-over-reason")).to_have_value("I know it.")


async def test_who_decides_on_anothers_claim_is_told_in_the_question_and_may(
    open_tab: OpenTab, server: Server, site: Site
) -> None:
    apv = server.add_apv()
    address = f"/apvs/{apv['apv_code']}"
    rita, lena = await open_tab(path=address), await open_tab(path=address, user="lead")
    await rita.page.keyboard.press("c")
    await expect(lena.page.locator("#team .claimed")).to_have_text("Rita Reviewer has it")
    await write(lena.page)
    await send(lena.page)
    await expect(lena.page.locator(".cautions")).to_contain_text("Rita Reviewer has claimed it")
    await lena.page.keyboard.press("Enter")
    await lena.page.get_by_text(f"Your decision on {apv['apv_code']}").wait_for()
    assert site.status_of(apv) == "approved"
    assert site.rows("SELECT 1 FROM reviews_claim WHERE apv_id = %s", apv["apv_id"]) == []


async def test_next_gives_three_people_at_once_three_apvs_the_gravest_first(
    open_tab: OpenTab, server: Server, site: Site
) -> None:
    read = server.add_apv(severity="LOW")
    grave = {server.add_apv(severity="CRITICAL")["apv_code"] for _ in range(3)}
    users = ["reviewer", "lead", new_user(site)]
    tabs = [await open_tab(path=f"/apvs/{read['apv_code']}", user=user) for user in users]
    await asyncio.gather(*(tab.page.locator("#next").press("Enter") for tab in tabs))
    for tab in tabs:
        await expect(tab.page.locator("#team .mine")).to_be_visible()
        await expect(tab.page.locator("#reading-title")).to_be_focused()
    assert {await opened(tab.page) for tab in tabs} == grave
    first = tabs[0].page
    await first.locator("#next").press("Enter")
    await expect(first.locator("#toast")).to_have_text("There is no other one that nobody has")


async def test_claim_survives_that_the_page_is_loaded_again(
    open_tab: OpenTab, server: Server
) -> None:
    apv = server.add_apv()
    tab = await open_tab(path=f"/apvs/{apv['apv_code']}")
    await tab.page.keyboard.press("c")
    await expect(tab.page.locator("#team .mine")).to_be_visible()
    await tab.page.reload()
    await tab.status_becomes("live")
    await expect(tab.page.locator("#team .mine")).to_be_visible()
    await decide(tab.page, reason=REASON)
    await tab.page.get_by_text(f"Your decision on {apv['apv_code']}").wait_for()


async def test_assignment_is_seen_by_all_in_row_and_head(open_tab: OpenTab, server: Server) -> None:
    apv = server.add_apv()
    address = f"/apvs/{apv['apv_code']}"
    rita, lena = await open_tab(path=address), await open_tab(path=address, user="lead")
    await rita.page.get_by_role("link", name="Assign").press("Enter")
    await rita.page.get_by_label("Assign to").select_option("user:lead")
    assert await violations(rita.page) == []
    await rita.page.get_by_role("button", name="Assign").press("Enter")
    for tab in (rita, lena):
        await expect(tab.page.locator("#team .assigned")).to_have_text("Assigned to Lena Lead")
        await expect(in_row(tab.page, apv["apv_code"], "assigned")).to_have_text("Lena Lead")
