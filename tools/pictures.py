"""Take the README's pictures of the console: `python -m tools.pictures` writes docs/images/.

It fills a separate site with demo APVs and decisions, serves it, and opens it in Chromium.
"""

import tests.support.environment  # noqa: F401, I001 — starts the servers before the settings are read

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from tests.support.accessibility import UNGUARDED
from tests.support.chromium import OPTIONS, obtain
from tests.support.site import ROOT, Server, Site

IMAGES = ROOT / "docs" / "images"
WIDE, PHONE = {"width": 1440, "height": 900}, {"width": 360, "height": 740}
REASON = "The bump is minimal, the tests pass, and the wargame holds."
DECIDED = 90
SPREAD = """
UPDATE reviews_apv
SET created_at = now() - (mod(row_number * 37, 160) || ' minutes')::interval
FROM (SELECT apv_id AS id, row_number() OVER (ORDER BY apv_code) FROM reviews_apv) AS numbered
WHERE apv_id = id AND status = 'pending'
"""
MAKE_A_MONTH_OF = """
CREATE TEMP TABLE made AS SELECT * FROM reviews_decision;
SELECT setseed(0.5);
UPDATE made SET
    decided_at = decided_at - interval '1 hour' - floor(30 * random()) * interval '1 day',
    review_seconds = -9000 * ln(1 - random());
TRUNCATE reviews_decision CASCADE;
INSERT INTO reviews_decision SELECT * FROM made;
"""
"""The record itself is never changed: it is written anew, as if it had been made over a month."""


def main() -> None:
    site = Site("pictures")
    site.manage("seed_apvs", "--count", "120", "--seed", "1")
    with site.uvicorn() as server, sync_playwright() as playwright:
        decide_some(server)
        site.execute(SPREAD)
        site.execute(MAKE_A_MONTH_OF)
        browser = playwright.chromium.launch(executable_path=obtain(), args=OPTIONS)
        take_all(browser, server)
        browser.close()


def decide_some(server: Server) -> None:
    dice = Random(1)
    queue = server.client("lead").get("/hitl/apvs", params={"limit": 200}).json()["apvs"]
    for apv in dice.sample(queue, DECIDED):
        kind = dice.choices(["approve", "reject", "modify", "escalate"], [6, 3, 2, 1])[0]
        if apv["pr_number"] is None:
            kind = "modify"
        server.decide(
            apv["apv_id"],
            user=dice.choice(["lead", "reviewer"]),
            decision=kind,
            justification=REASON,
            modifications={"timeout": 3} if kind == "modify" else {},
        )


def take_all(browser: Browser, server: Server) -> None:
    with console(browser, server, WIDE, "light") as page:
        page.keyboard.press("1")
        take(page, "wide-light")
    with console(browser, server, WIDE, "dark") as page:
        link = page.locator(".rows tr:has-text('Rewrite') a").first
        code = link.inner_text()
        link.click()
        page.locator(f"#reading[data-code='{code}']").wait_for()
        page.keyboard.press("2")
        page.locator("#panel-patch .code").first.wait_for()
        page.keyboard.press("r")
        page.keyboard.type("Callers rely on what this changes, and the attack still gets through.")
        take(page, "wide-dark")
    with console(browser, server, WIDE, "light") as page:
        page.goto(f"{server.origin}/numbers")
        page.locator("#numbers canvas").last.wait_for()
        take(page, "numbers")
    with console(browser, server, PHONE, "light") as page:
        take(page, "phone")


@contextmanager
def console(browser: Browser, server: Server, size: dict[str, int], scheme: Any) -> Iterator[Page]:
    """Open the console, live, as the demo reviewer."""
    context = browser.new_context(viewport=size, color_scheme=scheme)  # type: ignore[arg-type]
    cookies: Any = [
        {"name": name, "value": text, "url": server.origin}
        for name, text in server.client("reviewer").cookies.items()
    ]
    context.add_cookies(cookies)
    page = context.new_page()
    page.goto(server.origin)
    page.locator("#line[data-status=live]").wait_for()
    page.locator(UNGUARDED).wait_for(state="attached")
    yield page
    context.close()


def take(page: Page, name: str) -> None:
    path = Path(IMAGES / f"{name}.png")
    page.wait_for_load_state("networkidle")
    page.screenshot(path=path)
    print(path.relative_to(ROOT))


if __name__ == "__main__":
    main()
