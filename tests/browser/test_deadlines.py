"""A deadline passes while two people look; a rule changes; the page's clock runs."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from playwright.async_api import Locator, Page, expect

from tests.support.accessibility import violations
from tests.support.job_workers import defer, job_worker
from tests.support.site import Server, Site
from tests.support.tab import OpenTab
from tests.support.waiting import wait_for

pytestmark = pytest.mark.asyncio(loop_scope="session")
RULES = "/admin/reviews/deadlinerule"
PASSING_MS = 90_000
SOON = """
UPDATE reviews_deadline SET due_at = now() + interval '40 s', warn_at = now() - interval '1 s';
UPDATE reviews_apv SET due_at = reviews_deadline.due_at
FROM reviews_deadline WHERE reviews_deadline.apv_id = reviews_apv.apv_id;
"""


@pytest.fixture(autouse=True)
def worker(site: Site, empty_queue: None) -> Iterator[None]:
    """Run jobs, and leave no rule to other tests."""
    with job_worker(site):
        yield
    site.execute("TRUNCATE reviews_deadlinerule CASCADE")


def save_rule(server: Server, page: str = "add", **changed: Any) -> httpx.Response:
    """Keep a rule in the admin, as somebody who manages policies."""
    given = {"name": "Within an hour", "hours": "1", "warn_hours": "0", "is_active": "on"}
    given |= {"order": "100", "counting": "clock", "time_zone": "UTC", "assigns": "on"}
    given |= {"filter": "", "timetable": "", "holidays": "", "user": ""}
    return server.client("admin").post(f"{RULES}/{page}/", data={**given, **changed})


COUNTED = "SELECT ended_at IS NOT NULL FROM reviews_recount ORDER BY id DESC LIMIT 1"


def rule_for_leads(server: Server, site: Site, page: str = "add", **changed: Any) -> None:
    [(leads,)] = site.rows("SELECT id FROM auth_group WHERE name = 'leads'")
    assert save_rule(server, page, group=str(leads), **changed).status_code == 302
    wait_for(lambda: site.rows(COUNTED)[0][0], "all open APVs to be counted by the rule")


def in_row(page: Page, code: str) -> Locator:
    return page.locator("#list tr", has_text=code).locator(".at-due .due")


async def test_two_people_see_a_deadline_pass_and_the_lead_is_told(
    open_tab: OpenTab, server: Server, site: Site
) -> None:
    rule_for_leads(server, site)
    apv = server.add_apv()
    code, address = apv["apv_code"], f"/apvs/{apv['apv_code']}"
    site.execute(SOON)
    tabs = [await open_tab(path=address), await open_tab(path=address, user="lead")]
    defer(site, "reviews.watch_deadlines", timestamp=0)
    rita, lena = (tab.page for tab in tabs)
    for page in (rita, lena):
        for due in (in_row(page, code), page.locator("#due .due")):
            await expect(due).to_have_text("due in < 1 min")
            await expect(due).to_have_class("due soon")
    for page in (rita, lena):
        for due in (in_row(page, code), page.locator("#due .due")):
            await expect(due).to_have_class("due overdue", timeout=PASSING_MS)
            await expect(due).to_have_text("overdue since < 1 min")
        await expect(page.locator("#team .assigned")).to_have_text("Assigned to leads")
        await expect(page.locator("#tab-attention .count")).to_have_text("1")
        assert await violations(page) == []
    await expect(lena.locator("#notices .count")).to_have_text("2")  # warned, and told
    await expect(rita.locator("#notices")).to_be_hidden()
    assert [tab.reloads for tab in tabs] == [0, 0]
    assert site.status_of(apv) == "pending"
    assert site.rows("SELECT 1 FROM reviews_decision") == []
    await lena.goto(f"{server.origin}/notices")
    await expect(lena.locator(".plain-list li").first).to_contain_text(
        "Within an hour says that it is overdue"
    )
    await lena.goto(f"{server.origin}/?status=attention")
    await expect(lena.locator(".overdue-list li")).to_contain_text(code)
    assert await violations(lena) == []


async def test_change_of_a_rule_is_seen_by_all_at_once(
    open_tab: OpenTab, server: Server, site: Site
) -> None:
    apv = server.add_apv()
    code, address = apv["apv_code"], f"/apvs/{apv['apv_code']}"
    tabs = [await open_tab(path=address), await open_tab(path="/", user="lead")]
    for tab in tabs:
        await expect(in_row(tab.page, code)).to_have_count(0)
    rule_for_leads(server, site, hours="30")
    for tab in tabs:
        await expect(in_row(tab.page, code)).to_have_text("due in 29 h")
    await expect(tabs[0].page.locator("#due")).to_have_text("due in 29 h Within an hour")
    [(pk,)] = site.rows("SELECT id FROM reviews_deadlinerule")
    rule_for_leads(server, site, f"{pk}/change", hours="100")
    for tab in tabs:
        await expect(in_row(tab.page, code)).to_have_text("due in 4 d")
    await expect(tabs[0].page.locator("#due .due")).to_have_text("due in 4 d")


async def test_clock_of_the_browser_may_be_wrong(
    open_tab: OpenTab, server: Server, site: Site
) -> None:
    rule_for_leads(server, site)
    code = server.add_apv()["apv_code"]
    script = "const real = Date.now; Date.now = () => real() - 7_200_000;"  # two hours behind
    tab = await open_tab(path="/", script=script)
    assert await tab.page.evaluate("Date.now() < performance.timeOrigin")
    await expect(in_row(tab.page, code)).to_have_text("due in 59 min")
    await expect(in_row(tab.page, code)).to_have_text("due in 59 min")


async def test_list_is_sorted_and_narrowed_by_deadline(
    open_tab: OpenTab, server: Server, site: Site
) -> None:
    rule_for_leads(server, site, filter="severity=LOW", hours="2")
    rule_for_leads(server, site, name="Slow", hours="200")
    grave = server.add_apv(severity="CRITICAL")["apv_code"]
    mild = server.add_apv(severity="LOW")["apv_code"]
    tab = await open_tab(path="/?sort=due")
    await expect(tab.page.locator("#list .at-code a")).to_have_text([mild, grave])
    await tab.page.goto(f"{server.origin}/?due=soon")
    await expect(tab.page.locator("#list .at-code a")).to_have_text([mild])
