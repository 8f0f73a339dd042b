"""What happens to an APV without a decision reaches its readers, and every list."""

import json
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.support.site import Server, Site
from tests.support.tab import REASON, OpenTab, send, write

pytestmark = pytest.mark.asyncio(loop_scope="session")

SECONDS = 15_000
"""How long a page may take until it says so, in milliseconds, on a busy machine."""
ONE_LINE = """(tabs) => {
  const boxes = tabs.map((tab) => tab.getBoundingClientRect());
  const lines = tabs.map((tab) => tab.getClientRects().length);
  return new Set(boxes.map((box) => box.top)).size === 1 && lines.every((count) => count === 1)
    && boxes.every((box) => box.height < 60);
}"""
VECTORS = {
    "HIGH": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N",
    "CRITICAL": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
}


class Advisory:
    """An advisory that is imported, and imported again as it changes."""

    def __init__(self, site: Site, folder: Path) -> None:
        self.site = site
        self.path = folder / "one.json"
        self.day = 0

    def import_(self, *, severity: str = "HIGH", **more: Any) -> None:
        self.day += 1
        fixed = [{"introduced": "0"}, {"fixed": "2.1.0"}]
        document = {
            "id": "GHSA-aaaa-bbbb-cccc",
            "modified": f"2026-01-{self.day:02}T00:00:00Z",
            "details": "A crafted page escapes its frame.",
            "severity": [{"type": "CVSS_V3", "score": VECTORS[severity]}],
            "affected": [
                {
                    "package": {"ecosystem": "PyPI", "name": "framework"},
                    "ranges": [{"type": "ECOSYSTEM", "events": fixed}],
                    "versions": ["2.0.0"],
                }
            ],
        } | more
        self.path.write_text(json.dumps(document))
        self.site.manage("import_osv", str(self.path))

    def withdraw(self) -> None:
        self.import_(withdrawn="2026-02-01T00:00:00Z")

    @property
    def code(self) -> str:
        return str(
            self.site.rows("SELECT apv_code FROM reviews_apv WHERE package_name = 'framework'")[0][
                0
            ]
        )


@pytest.fixture
def advisory(site: Site, tmp_path: Path, empty_queue: None) -> Advisory:
    site.empty("reviews_advisory")
    advisory = Advisory(site, tmp_path)
    advisory.import_()
    return advisory


async def is_over(page: Page, text: str) -> None:
    """Check that the form says `text`, sends nothing, and keeps the draft."""
    await expect(page.locator("#decided-meanwhile")).to_contain_text(text, timeout=SECONDS)
    await expect(page.get_by_role("radio", name="Escalate")).to_be_disabled()
    await expect(page.locator("#decision-form .primary")).to_be_disabled()
    await expect(page.get_by_label("Justification")).to_have_value(REASON)
    await expect(page.get_by_label("Justification")).not_to_be_editable()


async def test_form_of_a_withdrawn_apv_closes_and_says_so(
    open_tab: OpenTab, advisory: Advisory
) -> None:
    code = advisory.code
    page = (await open_tab(path=f"/apvs/{code}")).page
    await write(page, "e")
    advisory.withdraw()
    await is_over(page, f"{code} withdrawn while you were reading.")
    await page.keyboard.press("Tab")
    await page.get_by_role("button", name="Show it as it is now").click()
    await page.get_by_text("Withdrawn: none of its advisories").wait_for()


async def test_first_apv_of_the_queue_closes_as_one_that_was_opened(
    open_tab: OpenTab, advisory: Advisory
) -> None:
    page = (await open_tab()).page
    await write(page, "e")
    advisory.withdraw()
    await is_over(page, f"{advisory.code} withdrawn while you were reading.")


async def test_question_about_a_withdrawn_apv_cannot_be_answered(
    open_tab: OpenTab, advisory: Advisory
) -> None:
    page = (await open_tab(path=f"/apvs/{advisory.code}")).page
    await write(page, "e")
    await send(page)
    advisory.withdraw()
    notice = page.locator("#confirm-notice")
    await expect(notice).to_contain_text("withdrawn while you were reading", timeout=SECONDS)
    await expect(page.locator("#confirm .primary")).to_be_disabled()
    await page.get_by_role("button", name="Go back").click()
    await is_over(page, "withdrawn while you were reading.")


async def test_question_about_a_changed_apv_is_to_be_asked_again(
    open_tab: OpenTab, advisory: Advisory, site: Site
) -> None:
    page = (await open_tab(path=f"/apvs/{advisory.code}")).page
    await write(page, "e")
    await send(page)
    advisory.import_(severity="CRITICAL")
    notice = page.locator("#confirm-notice")
    await expect(notice).to_contain_text("changed while you were reading", timeout=SECONDS)
    await expect(page.locator("#confirm .primary")).to_be_disabled()
    await page.get_by_role("button", name="Go back").click()
    await page.get_by_role("button", name="Show what changed").click()
    await expect(page.locator("#reading .changes")).to_contain_text("critical")
    await expect(page.get_by_label("Justification")).to_have_value(REASON)
    await page.locator("#decision-form .primary").click()
    await page.locator("#confirm .primary").click()
    await page.get_by_text("Your decision on").wait_for()


@pytest.mark.parametrize("query", ["", "?severity=HIGH", "?search=framework", "?sort=newest"])
async def test_withdrawn_apv_leaves_each_list_though_another_comes_at_once(
    open_tab: OpenTab, advisory: Advisory, server: Server, query: str
) -> None:
    server.add_apv(severity="HIGH", package_name="the-framework-beside")
    page = (await open_tab(path=f"/{query}")).page
    row = page.locator("#list tbody tr:not(.leaving)", has_text=advisory.code)
    await row.wait_for()
    advisory.withdraw()
    server.add_apv(severity="HIGH", package_name="the-framework-after")
    await expect(row).to_have_count(0, timeout=SECONDS)
    await expect(page.locator("#tab-withdrawn .count")).to_have_text("1")


async def test_changed_apv_leaves_the_list_that_does_not_hold_it_any_more(
    open_tab: OpenTab, advisory: Advisory, server: Server
) -> None:
    server.add_apv(severity="HIGH")
    page = (await open_tab(path="/?severity=HIGH")).page
    row = page.locator("#list tbody tr:not(.leaving)", has_text=advisory.code)
    await row.wait_for()
    advisory.import_(severity="CRITICAL")
    await expect(row).to_have_count(0, timeout=SECONDS)


async def test_apv_that_returns_is_in_the_queue_and_no_more_among_the_withdrawn(
    open_tab: OpenTab, advisory: Advisory, server: Server
) -> None:
    advisory.withdraw()
    server.add_apv()
    queue = (await open_tab()).page
    withdrawn = (await open_tab(path="/?status=withdrawn")).page
    rows = [one.locator("#list tbody tr", has_text=advisory.code) for one in (queue, withdrawn)]
    await expect(rows[1]).to_have_count(1)
    advisory.import_()
    await expect(rows[0]).to_have_count(1, timeout=SECONDS)
    await expect(rows[1]).to_have_count(0, timeout=SECONDS)


@pytest.mark.parametrize("width", [1440, 1100, 360])
async def test_four_tabs_stand_on_one_line(
    open_tab: OpenTab, advisory: Advisory, server: Server, width: int
) -> None:
    advisory.withdraw()
    tab = await open_tab(path="/?status=withdrawn", viewport={"width": width, "height": 800})
    tabs = tab.page.locator("#lists a:not([hidden])")
    await expect(tabs).to_have_count(4)
    assert await tabs.evaluate_all(ONE_LINE)
    await tabs.last.scroll_into_view_if_needed()
    await expect(tabs.last).to_be_in_viewport(ratio=0.9)
