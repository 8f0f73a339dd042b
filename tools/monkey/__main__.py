"""Let a monkey decide for some minutes; ends with 1 when it recorded what it did not confirm."""

import argparse
import asyncio
import secrets
import sys

from tests import environment  # first: it starts PostgreSQL

from playwright.async_api import async_playwright  # isort: skip

from tests.browser.chromium import OPTIONS, obtain
from tests.site import Site
from tools.monkey.monkey import Outcome, run


async def main(minutes: float, seed: int) -> Outcome:
    site = Site("monkey")
    with site.uvicorn() as server:
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=obtain(), args=OPTIONS)
            context = await browser.new_context(viewport={"width": 1440, "height": 900})
            found = server.client().cookies.items()
            await context.add_cookies(
                [{"name": name, "value": text, "url": server.origin} for name, text in found]
            )
            outcome = await run(context, server, site, 60 * minutes, seed)
            await browser.close()
    return outcome


if __name__ == "__main__":
    assert environment
    parser = argparse.ArgumentParser(prog="make monkey", description=__doc__)
    parser.add_argument("--minutes", type=float, default=5, help="how long it plays; 5")
    parser.add_argument("--seed", type=int, help="the same seed makes the same moves")
    options = parser.parse_args()
    seed = secrets.randbelow(1_000_000) if options.seed is None else options.seed
    print(f"seed {seed}", flush=True)
    outcome = asyncio.run(main(options.minutes, seed))
    print(outcome, *outcome.differing, *outcome.errors, sep="\n")
    sys.exit(bool(outcome.differing or outcome.errors))
