"""Many at once in a browser: selected by keyboard, decided by a job that outlives the page."""

import asyncio
import re

import pytest
from playwright.async_api import Page, expect

from tests.support.accessibility import violations
from tests.support.job_workers import job_worker
from tests.support.site import Server, Site
from tests.support.tab import REASON, NewContext, OpenTab, becomes, hold

pytestmark = pytest.mark.asyncio(loop_scope="session")
MANY = 200
THEIRS = 20
ALL_MS = 300_000
"""How long all of them may take: a busy machine decides on a few in a second."""
DECIDED = (
    "SELECT count(*) FROM reviews_decision JOIN reviews_apv USING (apv_id) WHERE package_name = %s"
)


async def select_all_that_match(page: Page) -> None:
    await page.keyboard.press("x")
    await page.locator("#many [name=all]").check()


async def ask(page: Page, key: str = "a") -> None:
    """Begin to act on what is selected, and go on to the question."""
    await page.keyboard.press("Escape")  # out of the box, which takes no keys
    await page.keyboard.press(key)


async def test_two_hundred_are_decided_together_while_somebody_else_decides_some(
    open_tab: OpenTab, server: Server, site: Site
) -> None:
    bodies = [
        {"package_name": "langchain", "pr_number": number, "pr_url": f"https://g.example/{number}"}
        for number in range(1, MANY + 1)
    ]
    added = [server.add_apv(**body) for body in bodies]
    tab = await open_tab(path="/?package_name=langchain")
    page = tab.page
    await select_all_that_match(page)
    await expect(page.locator("#many .selected")).to_have_text("All that match")
    await page.locator("#many button[value=approve]").click()
    await page.locator("#batch-form textarea").fill(REASON)
    await page.keyboard.press("Control+Enter")
    question = page.locator("#batch-question")
    await expect(question).to_contain_text("Approve 200 APVs?")
    await expect(question).to_contain_text("200 pull requests are to be merged.")
    theirs = added[:THEIRS]
    for one in theirs[: THEIRS // 2]:  # before the answer
        assert server.decide(one["apv_id"], user="lead", decision="reject").status_code == 200
    await question.locator("button.primary").click()
    await expect(page.locator("#batch")).to_contain_text("200 waiting")

    def decide_meanwhile() -> None:
        for one in theirs[THEIRS // 2 :]:
            server.decide(one["apv_id"], user="lead", decision="reject")

    with job_worker(site):
        await asyncio.gather(asyncio.to_thread(decide_meanwhile), page.reload())
        await expect(page.locator("#batch:not([data-running])")).to_be_visible(timeout=ALL_MS)
    rows = site.rows(
        "SELECT decision, count(*) FROM reviews_decision GROUP BY decision ORDER BY decision"
    )
    assert sum(count for _, count in rows) == MANY  # each once
    rejected = dict(rows)["reject"]
    assert THEIRS // 2 <= rejected <= THEIRS
    await expect(page.locator("#batch")).to_contain_text(f"{MANY - rejected} done")
    await expect(page.locator("#batch .bad")).to_have_text(f"{rejected} failed")
    await page.locator("#batch [data-details]").click()
    await expect(page.locator("tr.failed")).to_have_count(rejected)
    await expect(page.locator("tr.failed").first).to_contain_text("was decided already: reject by")
    await page.get_by_role("button", name=re.compile(rf"Try again {rejected} ")).click()
    await expect(page.locator("#batch-form textarea")).to_have_value(REASON)
    assert await violations(page) == []


async def test_rows_are_selected_and_decided_by_keyboard_alone_and_undone_together(
    open_tab: OpenTab, server: Server, site: Site
) -> None:
    added = [server.add_apv(package_name=f"p{number}") for number in range(5)]
    page = (await open_tab()).page
    await page.keyboard.press("x")
    await page.keyboard.press("j")
    await page.keyboard.press("j")
    await page.keyboard.press("Shift+X")
    await expect(page.locator("#many .selected")).to_have_text("3 selected")
    await page.keyboard.press("j")
    await page.keyboard.press("x")
    await expect(page.locator("#many .selected")).to_have_text("4 selected")
    await page.keyboard.press("x")
    await expect(page.locator("#many .selected")).to_have_text("3 selected")
    assert await violations(page) == []
    await page.keyboard.press("a")
    await expect(page.locator("#batch-form textarea")).to_be_focused()
    assert await violations(page) == []
    await page.keyboard.type(REASON)
    await page.keyboard.press("Control+Enter")
    await expect(page.locator("#batch-question button.primary")).to_be_focused()
    assert await violations(page) == []
    assert not site.rows("SELECT 1 FROM reviews_batch")
    await page.keyboard.press("Enter")
    with job_worker(site):
        await expect(page.locator("#batch")).to_contain_text("3 done")
        await expect(page.locator("#undo")).to_contain_text("3 decisions of your batch")
        assert [site.status_of(one) for one in added[:4]] == ["approved"] * 3 + ["pending"]
        await page.keyboard.press("z")
        await expect(page.locator("#batch")).to_contain_text("Take 3 decisions back 3 done")

        async def open_again() -> list[str]:
            return [site.status_of(one) for one in added]

        await becomes(open_again, ["pending"] * 5)


async def test_words_typed_before_the_form_is_there_are_in_its_justification(
    open_tab: OpenTab, server: Server
) -> None:
    for number in range(2):
        server.add_apv(package_name=f"p{number}")
    page = (await open_tab()).page
    _, comes = await hold(page, "**/batches*")
    for key in ("x", "j", "x", "a"):
        await page.keyboard.press(key)
    await page.keyboard.type(REASON)
    comes.set()
    await expect(page.locator("#batch-form textarea")).to_have_value(REASON)
    await expect(page.locator("#batch-form")).to_contain_text("2 APVs together")


async def test_selection_outlives_a_list_that_is_read_again_and_escape_ends_it(
    open_tab: OpenTab, server: Server
) -> None:
    for number in range(3):
        server.add_apv(package_name=f"p{number}")
    page = (await open_tab()).page
    box = page.locator("#list .at-select input").first
    await page.locator("#select").click()
    await box.check()
    await page.locator("#id_search").fill("p0")
    await expect(page.locator("#list tbody tr")).to_have_count(1)
    await page.locator("#id_search").fill("")
    await expect(page.locator("#list tbody tr")).to_have_count(3)
    await expect(page.locator("#many .selected")).to_have_text("1 selected")
    await expect(page.locator("#list .at-select :checked")).to_have_count(1)
    await page.locator("#reading-title").click()
    await page.keyboard.press("Escape")
    await expect(page.locator("#many")).to_be_hidden()
    await expect(page.locator("#list .at-select :checked")).to_have_count(0)


async def test_shift_click_selects_a_range(open_tab: OpenTab, server: Server) -> None:
    for number in range(5):
        server.add_apv(package_name=f"p{number}")
    page = (await open_tab()).page
    await page.locator("#select").click()
    boxes = page.locator("#list .at-select input")
    await boxes.nth(1).click()
    await boxes.nth(3).click(modifiers=["Shift"])
    await expect(page.locator("#many .selected")).to_have_text("3 selected")


async def test_many_are_decided_without_scripts(
    new_context: NewContext, server: Server, site: Site, empty_queue: None
) -> None:
    added = [server.add_apv(package_name=f"p{number}") for number in range(2)]
    page = await (await new_context(java_script_enabled=False)).new_page()
    await page.goto(server.origin)
    for box in await page.locator("#list .at-select input").all():
        await box.check()
    await page.locator("#many button[value=reject]").click()
    await page.locator("textarea").fill(REASON)
    await page.locator("#batch-form .primary").click()
    await expect(page.locator("h2")).to_have_text("Reject 2 APVs?")
    await page.locator("#batch-question .primary").click()
    with job_worker(site):
        await expect(page.locator("#batch")).to_contain_text("2 done")
    assert [site.status_of(one) for one in added] == ["rejected"] * 2
