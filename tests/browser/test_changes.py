"""Pushes, checks and the end of a pull request reach those who look at its APV."""

import asyncio
from typing import Any

import pytest
from playwright.async_api import Page, Route, expect

from tests.support.site import Site
from tests.support.tab import REASON, OpenTab, decide, hold, send, write

pytestmark = pytest.mark.asyncio(loop_scope="session")

NEW = """
from tests.support.forge_rows import pull_request, repository, tell
tell(pull_request(repository(), author="dependabot[bot]"))
"""
CHANGE = """
from forges.models import PullRequest
from tests.support import forge_rows
one = PullRequest.objects.latest("pk")
forge_rows.tell(one, {fields})
"""


class OnForge:
    """A pull request as it was read from a forge, and what happens to it there."""

    def __init__(self, site: Site) -> None:
        self.site = site
        site.manage("shell", "-c", NEW)

    @property
    def code(self) -> str:
        sql = "SELECT apv_code FROM reviews_apv ORDER BY pull_request_id DESC NULLS LAST LIMIT 1"
        return str(self.site.rows(sql)[0][0])

    def becomes(self, fields: str) -> None:
        self.site.manage("shell", "-c", CHANGE.format(fields=fields))


@pytest.fixture
def on_forge(site: Site, empty_queue: None) -> OnForge:
    return OnForge(site)


async def focused(page: Page) -> Any:
    return await page.evaluate("document.activeElement.name")


async def test_rebase_renews_the_form_quietly_and_it_can_be_sent(
    open_tab: OpenTab, on_forge: OnForge
) -> None:
    page = (await open_tab(path=f"/apvs/{on_forge.code}")).page
    await write(page)
    on_forge.becomes("head_sha='c' * 40, diff=forge_rows.REBASED")
    notice = page.locator("#rebased")
    await expect(notice).to_contain_text("the same patch on another commit")
    await expect(page.locator("#changed")).to_be_hidden()
    await expect(page.get_by_label("Justification")).to_have_value(REASON)
    assert await focused(page) == "justification"
    await expect(page.locator(".origin")).to_contain_text("c" * 10)
    await send(page)
    await page.keyboard.press("Enter")
    await expect(page.locator("#undo")).to_contain_text("is recorded")


LOOK = "document.dispatchEvent(new Event('visibilitychange'))"
"""Makes the page ask for the state of its APV, as it does every few seconds."""


async def test_rebase_is_told_quietly_though_the_page_hears_its_version_first(
    open_tab: OpenTab, on_forge: OnForge
) -> None:
    page = (await open_tab(path=f"/apvs/{on_forge.code}")).page
    asked, goes = await hold(page, f"**/apvs/{on_forge.code}")
    on_forge.becomes("head_sha='c' * 40, diff=forge_rows.REBASED")
    await asked.wait()
    await page.evaluate(LOOK)
    await expect(page.locator("#changed")).to_be_visible()
    goes.set()
    await expect(page.locator("#rebased")).to_be_visible()
    await expect(page.locator("#changed")).to_be_hidden()


async def test_state_before_a_rebase_is_no_change_after_it(
    open_tab: OpenTab, on_forge: OnForge
) -> None:
    page = (await open_tab(path=f"/apvs/{on_forge.code}")).page
    answered, goes = asyncio.Event(), asyncio.Event()

    async def answer_late(route: Route) -> None:
        answer = await route.fetch()
        answered.set()
        await goes.wait()
        await route.fulfill(response=answer)

    await page.route("**/reading", answer_late)
    async with page.expect_request_finished(lambda request: request.url.endswith("/reading")):
        await page.evaluate(LOOK)
        await answered.wait()
        on_forge.becomes("head_sha='c' * 40, diff=forge_rows.REBASED")
        await expect(page.locator("#rebased")).to_be_visible()
        goes.set()
    await page.evaluate("new Promise((done) => setTimeout(done))")
    await expect(page.locator("#changed")).to_be_hidden()


async def test_push_of_another_patch_is_told_and_shown(
    open_tab: OpenTab, on_forge: OnForge
) -> None:
    page = (await open_tab(path=f"/apvs/{on_forge.code}")).page
    await write(page)
    on_forge.becomes("head_sha='c' * 40, diff=forge_rows.FURTHER")
    await expect(page.locator("#changed")).to_contain_text("Revision 2 came")
    assert await focused(page) == "justification"
    await page.get_by_role("button", name="Show what changed").click()
    await expect(page.locator(".notice.changes")).to_contain_text("Fixed version")
    await expect(page.get_by_label("Justification")).to_have_value(REASON)
    await page.locator("#tab-patch").click()
    await page.locator(".since-links a").click()
    await expect(page.locator("#since .interdiff")).to_contain_text("4.17.22")


async def test_what_was_typed_last_stays_when_the_patch_that_came_is_shown_slowly(
    open_tab: OpenTab, on_forge: OnForge
) -> None:
    page = (await open_tab(path=f"/apvs/{on_forge.code}")).page
    await write(page)
    on_forge.becomes("head_sha='c' * 40, diff=forge_rows.FURTHER")
    await expect(page.locator("#changed")).to_be_visible()
    await page.evaluate("htmx.config.defaultSettleDelay = 1000")
    await page.keyboard.type(" And the tests pass.")
    await page.get_by_role("button", name="Show what changed").click()
    await expect(page.locator(".notice.changes")).to_be_visible()
    await expect(page.get_by_label("Justification")).to_have_value(f"{REASON} And the tests pass.")
    await page.reload()
    await expect(page.get_by_label("Justification")).to_have_value(f"{REASON} And the tests pass.")


async def test_closed_one_leaves_the_list_and_returns_when_it_is_reopened(
    open_tab: OpenTab, on_forge: OnForge
) -> None:
    page = (await open_tab()).page
    row = page.locator("#list tbody tr")
    await expect(row).to_have_count(1)
    await write(page)
    on_forge.becomes("state='closed', ended_by='octocat'")
    await expect(page.locator("#decided-meanwhile")).to_contain_text("withdrawn")
    await expect(row).to_have_count(0)
    on_forge.becomes("state='open'")
    await expect(row).to_have_count(1)


async def test_decided_one_that_is_pushed_returns_to_the_list(
    open_tab: OpenTab, on_forge: OnForge
) -> None:
    page = (await open_tab()).page
    row = page.locator("#list tbody tr:not(.leaving)")
    await expect(row).to_have_count(1)
    await decide(page)
    await expect(row).to_have_count(0)
    on_forge.becomes("head_sha='c' * 40, diff=forge_rows.FURTHER")
    await expect(row).to_have_count(1)


async def test_checks_that_end_are_told_to_the_reader(open_tab: OpenTab, on_forge: OnForge) -> None:
    page = (await open_tab(path=f"/apvs/{on_forge.code}")).page
    await write(page)
    check = {"name": "build", "state": "failure", "url": "", "summary": ""}
    on_forge.becomes(f"checks=[{check!r}]")
    await expect(page.locator("#changed")).to_be_visible()
    await expect(page.get_by_label("Justification")).to_have_value(REASON)
