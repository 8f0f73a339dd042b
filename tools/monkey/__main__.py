"""Decide at random for some minutes; exit with 1 unless the records are what was confirmed."""

import argparse
import asyncio
import secrets
import sys

from tests.support import environment  # first: it starts PostgreSQL

from playwright.async_api import Browser, BrowserContext, async_playwright  # isort: skip

from tests.support.chromium import OPTIONS, obtain
from tests.support.site import Server, Site
from tools.monkey.monkey import run
from tools.monkey.outcome import Outcome


async def main(minutes: float, seed: int, tabs: int) -> Outcome:
    site = Site("monkey")
    with site.uvicorn() as server:
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=obtain(), args=OPTIONS)
            contexts = [await signed_in(browser, server) for _ in range(tabs)]
            outcome = await run(contexts, server, site, 60 * minutes, seed)
            await browser.close()
    return outcome


async def signed_in(browser: Browser, server: Server) -> BrowserContext:
    context = await browser.new_context(viewport={"width": 1440, "height": 900})
    found = server.client().cookies.items()
    await context.add_cookies(
        [{"name": name, "value": text, "url": server.origin} for name, text in found]
    )
    return context


if __name__ == "__main__":
    assert environment
    parser = argparse.ArgumentParser(prog="make monkey", description=__doc__)
    parser.add_argument("--minutes", type=float, default=5, help="how long it plays; 5")
    parser.add_argument("--seed", type=int, help="the same seed makes the same moves")
    parser.add_argument("--tabs", type=int, default=3, help="how many play at once; 3")
    options = parser.parse_args()
    seed = secrets.randbelow(1_000_000) if options.seed is None else options.seed
    print(f"seed {seed}", flush=True)
    outcome = asyncio.run(main(options.minutes, seed, options.tabs))
    print(outcome, *outcome.lost, *outcome.differing, *outcome.errors, sep="\n")
    sys.exit(not outcome.is_well)
