"""Measure the console in Chromium: `python -m tools.console_in_browser`.

It opens the queue of 100,000 pending APVs with nothing cached, and prints when the first content
was painted, and how much came over the network, in how many answers, until the page had loaded.
Then it goes through the queue by a key, and prints the time from the key to the painted APV: where
the next one was read ahead, and where the reader saves data.
"""

import tests.support.environment  # noqa: F401, I001 — starts the servers before the settings are read

import argparse
import statistics
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from tests.support.chromium import OPTIONS, obtain
from tests.support.site import ROOT, Server
from tools.against import Tree
from tools.pages import fill

LOADED = """() => {
  const [page] = performance.getEntriesByType("navigation");
  const [paint] = performance.getEntriesByName("first-contentful-paint");
  const all = [page, ...performance.getEntriesByType("resource")];
  const loaded = all.filter((one) => one.startTime <= page.loadEventEnd);
  return {
    paint: paint.startTime, server: page.responseStart - page.requestStart, answers: loaded.length,
    kilobytes: loaded.reduce((sum, one) => sum + one.transferSize, 0) / 1024,
  };
}"""
WATCH = """
window.painted = (code) => new Promise((tell) => {
  let began = 0;
  addEventListener("keydown", ({ timeStamp }) => { began ||= timeStamp; }, { capture: true });
  new MutationObserver((_changes, observer) => {
    if (document.getElementById("reading").dataset.code === code) return;
    observer.disconnect();
    requestAnimationFrame(() => setTimeout(() => tell(performance.now() - began)));
  }).observe(document.body, { childList: true, subtree: true });
});
"""
SAVE_DATA = "Object.defineProperty(navigator, 'connection', { value: { saveData: true } });"
AHEAD = """(since) => performance.getEntriesByType("resource").some((one) =>
  one.initiatorType === "fetch" && /apvs.APV-[0-9-]+$/.test(one.name) && one.startTime > since)"""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tools.console_in_browser", description=__doc__)
    parser.add_argument("--pending", type=int, default=100_000, help="APVs (default: 100,000)")
    parser.add_argument("--times", type=int, default=15, help="of each (default: 15)")
    given = parser.parse_args()
    tree = Tree("now", ROOT)
    site = tree.site()
    with tree.serving(site) as server, sync_playwright() as playwright:
        fill(site, server, given.pending, 0)
        browser = playwright.chromium.launch(executable_path=obtain(), args=OPTIONS)
        report("the queue", [first_load(browser, server) for _ in range(given.times)])
        for name, script in (("read ahead", ""), ("on request", SAVE_DATA)):
            times = next_ones(browser, server, given.times, script)
            print(f"next APV, {name}: {statistics.median(times):.0f} ms, at most {max(times):.0f}")
        browser.close()


def report(name: str, found: list[dict[str, Any]]) -> None:
    medians = {what: statistics.median(one[what] for one in found) for what in found[0]}
    print(
        "{0}: first paint {paint:.0f} ms, of which the server {server:.0f} ms; "
        "{kilobytes:.1f} KiB in {answers:.0f} answers".format(name, **medians),
        flush=True,
    )


def opened(browser: Browser, server: Server, script: str = "") -> Page:
    """Return the queue in a browser that has nothing cached."""
    context = browser.new_context()
    context.add_cookies(
        [
            {"name": name, "value": text, "url": server.origin}
            for name, text in server.client().cookies.items()
        ]
    )
    page = context.new_page()
    page.add_init_script(script)
    page.goto(server.origin, wait_until="load")
    return page


def first_load(browser: Browser, server: Server) -> dict[str, Any]:
    page = opened(browser, server)
    page.wait_for_function("performance.getEntriesByName('first-contentful-paint').length")
    found = dict(page.evaluate(LOADED))
    page.context.close()
    return found


def next_ones(browser: Browser, server: Server, times: int, script: str) -> list[float]:
    """Return the milliseconds from a key to the next APV on the screen."""
    page = opened(browser, server, WATCH + script)
    page.locator("#line[data-status=live]").wait_for(state="attached")
    found, since = [], 0.0
    for _ in range(times):
        if not script:
            page.wait_for_function(AHEAD, arg=since)
        page.wait_for_timeout(1_000)
        since = page.evaluate("performance.now()")
        code = page.locator("#reading").get_attribute("data-code")
        page.evaluate("(code) => { window.next = painted(code); }", code)
        page.keyboard.press("j")
        found.append(float(page.evaluate("next")))
    page.context.close()
    return found


if __name__ == "__main__":
    main()
