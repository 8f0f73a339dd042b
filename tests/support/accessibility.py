"""Barriers on a page, as axe-core finds them by the rules of WCAG 2.2 AA."""

from collections.abc import Sequence
from typing import Any

from axe_playwright_python.base import AXE_SCRIPT
from playwright.async_api import Page

WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
SETTLED = "Promise.allSettled(document.getAnimations().map((one) => one.finished))"
UNGUARDED = "html:not([data-guarded])"
"""A page whose clicks count; before that nothing can be aimed at."""
RUN = "async (options) => (await axe.run(options)).violations"
WIDE, NARROW = {"width": 1280, "height": 800}, {"width": 360, "height": 740}


async def violations(page: Page, without: Sequence[str] = ()) -> list[str]:
    """Return axe's findings on the current page, except for the rules in `without`."""
    await page.locator(UNGUARDED).wait_for(state="attached")
    await page.evaluate("scrollTo(0, 0)")  # the page's head then covers nothing
    rules = {rule: {"enabled": False} for rule in without}
    options = {"runOnly": WCAG, "rules": rules, "resultTypes": ["violations"]}
    if not await page.evaluate("'axe' in window"):
        await page.evaluate(AXE_SCRIPT)
    found = await page.evaluate(RUN, options)
    return [
        f"{one['id']}: {node['target']} {node.get('failureSummary', '')}"
        for one in found
        for node in one["nodes"]
    ]


async def violations_everywhere(page: Page, without: Sequence[str] = ()) -> list[str]:
    """Return the findings in light mode on a wide screen, and in dark mode on a narrow one."""
    found = []
    looks: list[tuple[Any, Any]] = [("light", WIDE), ("dark", NARROW)]
    for scheme, size in looks:
        await page.emulate_media(color_scheme=scheme)
        await page.set_viewport_size(size)
        await page.evaluate(SETTLED)  # colours change gradually
        found += await violations(page, without)
    return found
