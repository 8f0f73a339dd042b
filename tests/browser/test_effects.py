"""Decisions take effect before the reader's eyes: undone in time, merged, refused, tried again."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.support.accessibility import WIDE, violations, violations_everywhere
from tests.support.forges import FakeForge, FakeGitHub, Pull
from tests.support.forges.watched import PATH, connected
from tests.support.job_workers import job_worker
from tests.support.site import Server, Site
from tests.support.tab import OpenTab, Tab, becomes, decide, opened, send, write
from tests.support.waiting import wait_for

pytestmark = pytest.mark.asyncio(loop_scope="session")

SECONDS = 60_000
"""How long a decision may take to be carried out after its time to be undone, in milliseconds."""
MANIFEST = '{{"dependencies": {{"lodash": "{}"}}}}\n'
REMEMBER = "window.isSamePage = true"
REMEMBERED = "window.isSamePage === true"


@pytest.fixture(scope="module")
def worker(site: Site) -> Iterator[None]:
    with job_worker(site):
        yield


@pytest.fixture
def forge(site: Site, server: Server, worker: None, empty_queue: None) -> Iterator[FakeForge]:
    with connected(FakeGitHub, site, server) as fake:
        yield fake


def bump(fake: FakeForge, branch: str = "bump") -> Pull:
    """Open a bot's pull request on a repository that depends on lodash."""
    repo = fake.repo_at(PATH)
    fake.push_to_main(repo, {"package.json": MANIFEST.format("4.17.20")})
    return fake.open_pull_request(
        repo,
        branch,
        {"package.json": MANIFEST.format("4.17.21")},
        title="Bump lodash from 4.17.20 to 4.17.21",
    )


async def code_of(site: Site, pull: Pull) -> str:
    """Return the code of a pull request's APV, once the worker has made it."""
    sql = "SELECT apv_code FROM reviews_apv WHERE pr_number = %s AND head_commit = %s"
    found: list[Any] = []

    async def is_taken_in() -> bool:
        found[:] = site.rows(sql, pull.number, pull.head_sha)
        return bool(found)

    await becomes(is_taken_in, True)
    return str(found[0][0])


async def require_check(fake: FakeForge, pull: Pull, state: str, site: Site, code: str) -> None:
    """Require a check with this state, and wait until the APV says so: it changes by that."""
    fake.repo_at(PATH).required = ("build",)
    fake.add_check(pull.repo, pull.head_sha, "build", state)
    sql = "SELECT checks::text LIKE '%%build%%' FROM reviews_apv WHERE apv_code = %s"

    async def is_known() -> bool:
        return bool(site.rows(sql, code)[0][0])

    await becomes(is_known, True)


async def at(open_tab: OpenTab, code: str, user: str = "reviewer") -> Tab:
    tab = await open_tab(path=f"/apvs/{code}", user=user)
    await tab.page.evaluate(REMEMBER)
    return tab


def status_of(site: Site, code: str) -> str:
    return str(site.rows("SELECT status FROM reviews_apv WHERE apv_code = %s", code)[0][0])


def beside(page: Page) -> Any:
    """Return where the page says what became of the newest decision."""
    return page.locator("#decide .became").first


# -- Undo -------------------------------------------------------------------------------------


async def test_decision_is_undone_from_another_apv_and_was_never_asked_of_the_forge(
    open_tab: OpenTab, site: Site, server: Server, forge: FakeForge
) -> None:
    pull = bump(forge)
    code = await code_of(site, pull)
    server.add_apv()
    page = (await at(open_tab, code)).page
    await decide(page)
    bar = page.locator("#undo")
    await expect(bar).to_contain_text(
        f"Your decision on {code} is recorded: approve – "
        f"pull request #{pull.number} is to be merged."
    )
    await expect(page.locator("#announcer")).to_contain_text("Undo or the key z takes it back.")
    await becomes(lambda: is_open_elsewhere(page, code), True)
    await page.keyboard.press("z")
    await expect(bar).to_be_hidden()
    await expect(page.locator("#toast")).to_have_text(
        f"Your decision on {code} is undone: it waits for a decision again."
    )
    await page.locator(f"#reading[data-code={code}][data-open]").wait_for()
    assert page.url.endswith(f"/apvs/{code}")
    await expect(beside(page)).to_contain_text("Taken back by Rita Reviewer")
    await expect(beside(page)).to_contain_text(": Undone")
    await expect(page.locator("#list .at-code", has_text=code)).to_be_visible()
    assert await page.evaluate(REMEMBERED)
    assert status_of(site, code) == "pending"
    assert forge.ledger.of(pull.number) == []


async def is_open_elsewhere(page: Page, code: str) -> bool:
    return await opened(page) not in (code, None)


async def test_bar_survives_a_reload_and_is_in_each_tab_of_the_reader_alone(
    open_tab: OpenTab, server: Server, site: Site
) -> None:
    apv = server.add_apv()
    code = str(apv["apv_code"])
    rita, lena = await at(open_tab, code), await open_tab(user="lead")
    second = await rita.page.context.new_page()
    await second.goto(f"{server.origin}/?status=decided")
    await expect(second.locator("#line")).to_have_attribute("data-status", "live")
    await rita.page.bring_to_front()
    await decide(rita.page)
    for page in (rita.page, second):
        await expect(page.locator("#undo")).to_contain_text(f"Your decision on {code}")
    await rita.page.reload()
    await expect(rita.page.locator("#undo")).to_contain_text(f"Your decision on {code}")
    await expect(lena.page.locator("#undo")).to_be_hidden()
    await second.bring_to_front()
    await second.locator("#undo button").click()
    await second.locator(f"#reading[data-code={code}][data-open]").wait_for()
    await expect(rita.page.locator("#undo")).to_be_hidden()
    await expect(lena.page.locator("#trace")).to_have_text(f"The decision on {code} was taken back")
    assert site.status_of(apv) == "pending"


async def test_undo_that_comes_too_late_says_so(
    open_tab: OpenTab, server: Server, site: Site
) -> None:
    apv = server.add_apv()
    page = (await at(open_tab, str(apv["apv_code"]))).page
    await decide(page)
    await page.locator("#undo").wait_for()
    await expect(page.locator("#confirm")).to_be_hidden()
    site.execute("UPDATE reviews_effect SET state = 'done', done_at = now()")
    await page.keyboard.press("z")
    toast = page.locator("#toast")
    await expect(toast).to_contain_text("is not undone. It is too late: the effect is done.")
    await expect(page.locator("#undo")).to_be_hidden()
    assert site.status_of(apv) == "approved"
    await page.keyboard.press("z")
    await expect(toast).to_have_text("There is nothing to undo any more.")


async def test_bar_ends_with_its_seconds_and_does_not_move_for_those_who_want_no_motion(
    open_tab: OpenTab, server: Server
) -> None:
    apv = server.add_apv()
    tab = await open_tab(path=f"/apvs/{apv['apv_code']}", reduced_motion="reduce")
    page = tab.page
    await page.keyboard.press("?")
    await expect(page.locator("#help")).to_contain_text("Undo your last decision, for 10 seconds")
    await page.keyboard.press("Escape")
    await decide(page)
    await page.locator("#undo").wait_for()
    await expect(page.locator("#undo .remaining")).to_be_hidden()
    assert await violations(page) == []
    await expect(page.locator("#undo")).to_be_hidden(timeout=SECONDS)


async def test_other_reader_goes_on_with_the_draft_after_a_decision_was_undone(
    open_tab: OpenTab, server: Server, site: Site
) -> None:
    apv = server.add_apv()
    code = str(apv["apv_code"])
    rita, lena = await at(open_tab, code), await at(open_tab, code, "lead")
    await write(lena.page, "r", "I would rather not merge this.")
    await decide(rita.page)
    await expect(lena.page.locator("#decided-meanwhile")).to_contain_text("approved by Rita")
    await rita.page.locator("#undo button").click()
    notice = lena.page.locator("#changed")
    await expect(notice).to_contain_text("The decision was taken back")
    await expect(lena.page.locator("#decided-meanwhile")).to_be_hidden()
    await notice.get_by_role("button").click()
    await lena.page.locator(f"#reading[data-code={code}][data-open]").wait_for()
    reason = lena.page.get_by_label("Justification")
    await expect(reason).to_have_value("I would rather not merge this.")
    await expect(reason).to_be_editable()
    await reason.focus()
    await send(lena.page)
    await lena.page.keyboard.press("Enter")
    await becomes(lambda: asyncio.to_thread(site.status_of, apv), "rejected")


# -- Carried out ------------------------------------------------------------------------------


async def test_merge_appears_in_place_in_two_browsers(
    open_tab: OpenTab, site: Site, forge: FakeForge
) -> None:
    pull = bump(forge)
    code = await code_of(site, pull)
    rita, lena = await at(open_tab, code), await open_tab(path="/?status=decided", user="lead")
    await decide(rita.page)
    row = lena.page.locator("#list tbody tr", has_text=code)
    await expect(row.locator(".at-outcome")).to_have_text("held")
    await row.locator("a").click()
    await lena.page.locator(f"#reading[data-code={code}]").wait_for()
    await row.locator("a").focus()
    await expect(beside(lena.page)).to_contain_text(
        f"Pull request #{pull.number} is to be merged in"
    )
    await lena.page.evaluate(REMEMBER)
    said = f"Pull request #{pull.number} is merged as "
    await expect(beside(lena.page)).to_contain_text(said, timeout=SECONDS)
    link = beside(lena.page).locator("a")
    await expect(link).to_have_attribute("href", f"{forge.url}/{PATH}/commit/{pull.merged_sha}")
    await expect(link).to_have_text(pull.merged_sha[:10])
    await expect(row.locator(".at-outcome")).to_have_text(f"merged {pull.merged_sha[:7]}")
    await expect(row.locator("a")).to_be_focused()
    history = lena.page.locator("#panel-history .became")
    assert said in " ".join((await history.text_content() or "").split())
    assert await lena.page.evaluate(REMEMBERED)
    await rita.page.goto(f"{rita.origin}/apvs/{code}")
    await expect(beside(rita.page)).to_contain_text(f"{said}{pull.merged_sha[:10]}")
    assert len(forge.ledger.of(pull.number, "merge")) == 1
    assert await violations_everywhere(rita.page) == []


async def test_head_that_moved_in_between_refuses_and_comes_back_with_the_interdiff(
    open_tab: OpenTab, site: Site, forge: FakeForge
) -> None:
    pull = bump(forge)
    code = await code_of(site, pull)
    tab = await at(open_tab, code)
    await decide(tab.page)
    await expect(beside(tab.page)).to_contain_text("is to be merged")
    approved = pull.head_sha
    forge.webhooks.hold()  # so that only the look before the merge can notice
    moved = forge.push(pull, {"package.json": MANIFEST.format("4.17.22")}, force=True)
    said = f"the head moved from {approved[:8]} to {moved[:8]}"
    await expect(beside(tab.page)).to_contain_text(said, timeout=SECONDS)
    forge.webhooks.release()
    queue = await open_tab()
    row = queue.page.locator("#list tbody tr", has_text=code)
    await row.locator("a").click(timeout=SECONDS)
    page = queue.page
    await page.locator(f"#reading[data-code={code}][data-open]").wait_for()
    await expect(page.locator("#decide")).to_contain_text(
        "Approved by Rita Reviewer on revision 1, revised since."
    )
    await expect(beside(page)).to_contain_text(f"Pull request #{pull.number} was not merged")
    await page.get_by_role("link", name="What changed since").click()
    await expect(page.locator("#since")).to_be_visible()
    await expect(page.locator("#since")).to_contain_text("4.17.22")
    assert status_of(site, code) == "pending"
    assert forge.ledger.of(pull.number, "merge") == []
    assert await violations_everywhere(page) == []


async def test_refused_merge_needs_attention_until_a_lead_has_it_tried_again(
    open_tab: OpenTab, site: Site, forge: FakeForge
) -> None:
    pull = bump(forge)
    code = await code_of(site, pull)
    await require_check(forge, pull, "failure", site, code)
    rita, lena = await at(open_tab, code), await open_tab(user="lead")
    for tab in (rita, lena):
        await expect(tab.page.locator("#attention")).to_be_hidden()
    await decide(rita.page)
    for tab in (rita, lena):
        count = tab.page.locator("#attention .count")
        await expect(count).to_have_text("1", timeout=SECONDS)
        await expect(tab.page.locator("#tab-attention .count")).to_have_text("1")
    await lena.page.locator("#attention").click()
    row = lena.page.locator("#list tbody tr", has_text=code)
    await expect(row.locator(".at-outcome")).to_contain_text("refused a check failed")
    await lena.page.evaluate(REMEMBER)
    await expect(beside(lena.page)).to_contain_text(f"Pull request #{pull.number} was not merged")
    assert await violations_everywhere(lena.page) == []
    await lena.page.set_viewport_size(WIDE)  # type: ignore[arg-type]
    forge.add_check(pull.repo, pull.head_sha, "build", "success")
    await lena.page.get_by_role("button", name="Try again").click()
    await expect(beside(lena.page)).to_contain_text("is merged as", timeout=SECONDS)
    await expect(row).to_have_count(0, timeout=SECONDS)
    await expect(lena.page.get_by_text("Nothing needs attention")).to_be_visible()
    assert await lena.page.evaluate(REMEMBERED)
    await expect(rita.page.locator("#attention")).to_be_hidden(timeout=SECONDS)
    assert len(forge.ledger.of(pull.number, "merge")) == 1


async def test_reason_that_is_being_written_stays_while_the_words_change(
    open_tab: OpenTab, site: Site, forge: FakeForge
) -> None:
    pull = bump(forge)
    code = await code_of(site, pull)
    await require_check(forge, pull, "pending", site, code)
    lena = await at(open_tab, code, "lead")
    assert (await asyncio.to_thread(decide_over_rest, lena.server, site, code)) == 200
    page = lena.page
    await page.reload()
    await page.locator(".retract summary").click()
    await page.get_by_label("Reason").fill("Wait for the other")
    await expect(beside(page)).to_contain_text("It waits:", timeout=SECONDS)
    await expect(page.get_by_label("Reason")).to_be_focused()
    await page.keyboard.type(" bump first.")
    await asyncio.to_thread(wait_for, lambda: put_off(site, code), "it to wait")
    await page.locator(".retract form button").click()
    await expect(beside(page)).to_contain_text("Wait for the other bump first.")
    await page.locator(f"#reading[data-code={code}][data-open]").wait_for()
    assert forge.ledger.of(pull.number, "merge") == []


def put_off(site: Site, code: str) -> bool:
    """Put the next attempt off if the effect waits: while it runs, nobody takes it back."""
    found = site.rows(
        "UPDATE reviews_effect SET next_at = now() + interval '1 hour' WHERE state = 'waiting'"
        " AND decision_id IN (SELECT decision_id FROM reviews_decision JOIN reviews_apv"
        " USING (apv_id) WHERE apv_code = %s) RETURNING decision_id",
        code,
    )
    return bool(found)


def decide_over_rest(server: Server, site: Site, code: str) -> int:
    [(apv_id,)] = site.rows("SELECT apv_id FROM reviews_apv WHERE apv_code = %s", code)
    return server.decide(str(apv_id)).status_code
