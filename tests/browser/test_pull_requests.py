"""A pull request of a bot, from a GitHub that nobody here wrote to sockets and open pages."""

import json
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.support.forges.completed import Completed
from tests.support.forges.shop import BRANCH, CONSOLE, PATH, SECRET, SEED, Shop
from tests.support.forges.stand_ins import emulate, prism
from tests.support.job_workers import job_worker
from tests.support.site import Server, Site
from tests.support.tab import OpenTab

pytestmark = pytest.mark.asyncio(loop_scope="session")

VECTOR = "CVSS:3.1/AV:N/AC:L/PR:H/UI:N/S:U/C:H/I:H/A:H"
RANGE = {"type": "SEMVER", "events": [{"introduced": "0"}, {"fixed": "4.17.21"}]}
ADVISORY = {
    "schema_version": "1.6.0",
    "id": "GHSA-35jh-r3h4-6jhm",
    "modified": "2026-01-01T00:00:00Z",
    "aliases": ["CVE-2021-23337"],
    "summary": "Command injection in lodash",
    "severity": [{"type": "CVSS_V3", "score": VECTOR}],
    "affected": [{"package": {"ecosystem": "npm", "name": "lodash"}, "ranges": [RANGE]}],
}


@pytest.fixture
def shop(tmp_path: Path, site: Site, server: Server, empty_queue: None) -> Iterator[Shop]:
    """A repository that the console watches, through a proxy that knows GitHub's description."""
    with ExitStack() as stack:
        upstream = stack.enter_context(emulate(tmp_path, SEED))
        github = stack.enter_context(Completed(upstream, CONSOLE))
        shop = Shop(github.url)
        shop.begin()
        checked = tmp_path / "prism"
        checked.mkdir()
        api = stack.enter_context(prism(checked, github.url))
        connect(site, tmp_path, upstream.replace("127.0.0.1", "localhost"), api)
        shop.send_webhooks(f"{server.origin}/hitl/forges/shop/webhook")
        stack.enter_context(job_worker(site))
        yield shop


def connect(site: Site, folder: Path, url: str, api: str) -> None:
    (folder / "token").write_text(CONSOLE)
    (folder / "secret").write_text(SECRET)
    (folder / "advisory.json").write_text(json.dumps(ADVISORY))
    site.manage("import_osv", str(folder / "advisory.json"))
    site.empty("reviews_apv")
    options = [
        "--token-file",
        str(folder / "token"),
        "--webhook-secret-file",
        str(folder / "secret"),
    ]
    addresses = ["--url", url, "--api-url", api]
    site.manage("connect_forge", "github", "--name", "shop", *addresses, *options)
    site.manage("watch_repository", "shop", PATH)


async def test_pull_request_is_followed_from_its_opening_to_its_end(
    shop: Shop, server: Server, site: Site, open_tab: OpenTab
) -> None:
    tab = await open_tab()
    page = tab.page
    async with server.socket("reviewer") as socket:
        await socket.subscribe("apvs", "changes")
        shop.bump("4.17.21")
        number = shop.open()
        began = time.monotonic()
        added = await socket.until(type="new_apv")
        await page.get_by_text(f"{added['apv_code']} arrived").wait_for()
        print(f"in the queue {time.monotonic() - began:.2f} s after it was opened")
        assert (added["package_name"], added["cve_id"]) == ("lodash", "CVE-2021-23337")

        await page.goto(f"{server.origin}/apvs/{added['apv_code']}")
        for shown in (PATH, "dependabot[bot]", BRANCH, "GHSA-35jh-r3h4-6jhm"):
            await expect(page.locator("#reading")).to_contain_text(shown)

        shop.bump("4.17.22")
        assert (await socket.until(type="apv_changed", what="revised"))["revision"] == 2
        shop.set_state(number, "closed")
        assert (await socket.until(type="apv_changed", what="withdrawn"))["status"] == "withdrawn"
        shop.set_state(number, "open")
        assert (await socket.until(type="apv_changed", what="reopened"))["status"] == "pending"
    [(code, revision, status)] = site.rows("SELECT apv_code, revision, status FROM reviews_apv")
    assert (code, revision, status) == (added["apv_code"], 2, "pending")
    await page.goto(f"{server.origin}/apvs/{code}")
    await page.get_by_role("tab", name="Patch").click()
    await page.locator(".since-links a").first.click()
    await expect(page.get_by_text("4.17.22").first).to_be_visible()
