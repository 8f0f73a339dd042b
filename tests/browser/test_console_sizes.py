"""What each size shows: rows stay distinguishable, and touch targets are large enough."""

from itertools import pairwise
from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.support.accessibility import violations
from tests.support.overfull import overfull
from tests.support.site import Server, Site
from tests.support.tab import NewContext, OpenTab, becomes

pytestmark = pytest.mark.asyncio(loop_scope="session")

PHONE: dict[str, Any] = {
    "viewport": {"width": 360, "height": 740},
    "has_touch": True,
    "is_mobile": True,
}
WIDE: dict[str, Any] = {"viewport": {"width": 1440, "height": 900}}
CUT = """() => [...document.querySelectorAll(
    ".rows :is(.at-code, .at-cve, .package .end, .target, .at-severity, .at-share)")]
  .filter((one) => {
    const row = one.closest("tr").getBoundingClientRect();
    const { top, right, bottom } = one.getBoundingClientRect();
    const isOutside = top < row.top || right > row.right + 1 || bottom > row.bottom;
    return isOutside || one.scrollWidth > one.clientWidth + 1;
  })
  .map((one) => one.textContent)"""
"""What tells rows apart, and is not whole."""
SMALL = """(least) => [...document.querySelectorAll(
    "a[href], button, summary, input:not([type=hidden]), select, textarea, .option")]
  .filter((one) => one.checkVisibility({ visibilityProperty: true }))
  .filter((one) => !one.closest("tr, .visually-hidden"))
  .filter((one) => getComputedStyle(one).display !== "inline" && !one.matches(".skip"))
  .map((one) => (one.matches("[type=radio], [type=checkbox]") && one.closest("label")) || one)
  .map((one) => [one, one.getBoundingClientRect()])
  .filter(([_, { width, height }]) => height < least - 0.5 || width < 24)
  .map(([one, { width, height }]) =>
    `${one.tagName}.${one.className}#${one.id} ${one.textContent.trim().slice(0, 30)} ` +
    `${width}x${height}`)"""
"""Targets that are lower than `least` pixels; links in running text are as high as their line."""


@pytest.fixture
def crowded(server: Server, site: Site, empty_queue: None) -> None:
    """Return a queue with long names and long codes."""
    rows = list(overfull(30, jacksons=12))
    for number, row in enumerate(rows):
        row["apv_code"] = f"APV-2026-{10 ** (2 + number % 7) + number}"
        if number % 5 == 0:  # the longest words that a row can have
            row |= {"patch_strategy": "config_change", "wargame_verdict": "inconclusive"}
            row["confirmation_confidence"] = 1.0
    answer = server.client("pipeline").post("/hitl/apvs", json=rows)
    assert answer.status_code == 201, answer.text


@pytest.mark.parametrize("width", [360, 768, 1024, 1440, 2000])
@pytest.mark.usefixtures("crowded")
async def test_what_tells_rows_apart_is_never_cut(new_context: NewContext, server: Server,
    width: int) -> None:  # fmt: skip
    for language in ("en", "pt-BR"):
        context = await new_context(viewport={"width": width, "height": 900}, locale=language)
        page = await context.new_page()
        await page.goto(server.origin)
        await expect(page.locator(".rows tbody tr")).to_have_count(30)
        assert await page.evaluate(CUT) == []


async def first_row(page: Page) -> float:
    box = await page.locator(".rows tbody tr").first.bounding_box()
    assert box is not None
    return float(box["y"])


@pytest.mark.usefixtures("crowded")
async def test_list_begins_high_on_a_phone_and_targets_fit_fingers(
    new_context: NewContext, server: Server
) -> None:
    page = await (await new_context(**PHONE)).new_page()
    await page.goto(server.origin)
    await page.locator("#line[data-status=live]").wait_for()
    assert await first_row(page) < 170
    assert await page.evaluate(SMALL, 44) == []
    await expect(page.locator(".search kbd")).to_be_hidden()
    await page.locator("#narrow > summary").tap()
    await page.get_by_label("High", exact=True).check()
    assert await page.evaluate(SMALL, 44) == []
    assert await violations(page) == []
    await page.locator("#narrow > summary").tap()
    await page.locator(".rows tbody tr a").first.tap()
    await page.locator("#decide").wait_for()
    assert await page.evaluate(SMALL, 44) == []
    await page.goto(f"{server.origin}/numbers")
    await page.locator("#numbers canvas").last.wait_for()
    assert await page.evaluate(SMALL, 44) == []
    assert await violations(page) == []


async def test_decide_and_next_stay_in_sight_on_a_phone(open_tab: OpenTab, server: Server) -> None:
    first, second = server.add_apv(severity="CRITICAL"), server.add_apv(cve_description="x " * 9999)
    page = (await open_tab(path=f"/apvs/{first['apv_code']}", **PHONE)).page
    await page.locator("#next").tap()
    await becomes(lambda: page.get_attribute("#reading", "data-code"), second["apv_code"])
    await expect(page.locator("#reading-title")).to_be_in_viewport()
    for name in ("#next", ".go-on .button"):
        await expect(page.locator(name)).to_be_in_viewport(ratio=1)
    await page.locator(".go-on .button").tap()
    await expect(page.locator("#field-decision")).to_be_in_viewport()
    await expect(page.locator("#next")).to_be_in_viewport(ratio=1)


async def test_patch_of_many_files_begins_well_above_the_fold(
    new_context: NewContext, server: Server, site: Site, empty_queue: None
) -> None:
    [row] = overfull(1, jacksons=1)
    added = server.client("pipeline").post("/hitl/apvs", json=row).json()
    page = await (await new_context(**WIDE)).new_page()
    await page.goto(f"{server.origin}/apvs/{added['apv_code']}")
    await page.keyboard.press("2")
    box = await page.locator("#diff .file").first.bounding_box()
    assert box is not None
    assert box["y"] < 500


async def test_names_of_days_do_not_touch(new_context: NewContext, server: Server) -> None:
    """The plot says how far apart its days are, and how wide their names."""
    page = await (await new_context(locale="pt-BR", **WIDE)).new_page()
    drawn = "window.drawn = []; const own = CanvasRenderingContext2D.prototype.fillText;"
    drawn += "CanvasRenderingContext2D.prototype.fillText = function (text, x, y) {"
    drawn += "  drawn.push([text, x, y, this.measureText(text).width]);"
    drawn += "  return own.apply(this, arguments); }"
    await page.add_init_script(drawn)
    await page.goto(f"{server.origin}/numbers")
    await page.locator("#numbers canvas").last.wait_for()
    await becomes(lambda: page.evaluate("drawn.some(([text]) => / de /.test(text))"), True)
    names = [one for one in await page.evaluate("drawn") if " de " in one[0]]
    for (_, x, y, width), (_, other, below, wide) in pairwise(names):
        assert other <= x or below != y or other - x > (width + wide) / 2
