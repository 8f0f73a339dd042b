"""Rows come and go at once while a list is read, without moving what is in view."""

import asyncio

import pytest
from playwright.async_api import expect

from tests.support.site import Server, Site
from tests.support.tab import OpenTab, becomes

pytestmark = pytest.mark.asyncio(loop_scope="session")

SHIFT = 0.0005
"""What the layout may shift: a total in the foot that gets a digit more, and not one row."""
MEASURE = """
window.shifts = 0;
window.moved = [];
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) if (!entry.hadRecentInput) {
    shifts += entry.value;
    moved.push(...entry.sources.map(({ node }) => (node?.outerHTML ?? "text").slice(0, 200)));
  }
}).observe({ type: "layout-shift", buffered: true });
window.delays = {};
const heard = {};
window.WebSocket = class extends WebSocket {
  constructor(address) {
    super(address);
    this.addEventListener("message", ({ data }) => {
      const message = JSON.parse(data);
      if (message.type === "new_apv") heard[message.apv_id] = performance.now();
    });
  }
};
new MutationObserver((records) => {
  for (const row of records.flatMap((record) => [...record.addedNodes])) {
    const id = row.dataset?.apvId;
    if (!(id in heard) || id in delays) continue;
    delays[id] = null;
    requestAnimationFrame(() => setTimeout(() => (delays[id] = performance.now() - heard[id])));
  }
}).observe(document, { subtree: true, childList: true });
"""


IN_SIGHT = """() => [...document.querySelectorAll("#list tr")]
  .map((row) => [row.id, row.getBoundingClientRect().top])
  .filter(([, top]) => top > 200 && top < 700)"""

MILLISECONDS_OF_ONE_READ = """async () => {
  const list = document.getElementById("list");
  const times = [];
  for (let number = 0; number < 5; number++) {
    const began = performance.now();
    const { apvId } = list.querySelector("tr").dataset;
    await (await fetch(`${list.dataset.rows}?ids=${apvId}`)).text();
    times.push(performance.now() - began);
  }
  return times.sort((one, other) => one - other)[2];
}"""


async def test_rows_arrive_at_once_and_nothing_in_sight_moves(
    open_tab: OpenTab, server: Server, site: Site
) -> None:
    body = [
        {"severity": "MEDIUM", "patch_strategy": "version_bump", "package_name": f"p{number}"}
        for number in range(30)
    ]
    server.post("/hitl/apvs", body, user="pipeline")
    tab = await open_tab(script=MEASURE)
    await tab.page.locator("#list").evaluate("(list) => list.scrollTop = 300")
    before = await tab.page.evaluate(IN_SIGHT)
    seeding = asyncio.create_task(
        asyncio.to_thread(site.manage, "seed_apvs", "--count", "15", "--rate", "5")
    )
    await seeding

    async def known() -> int:
        return int(await tab.page.evaluate("Object.keys(delays).length")) + int(
            (await tab.page.locator("#news").text_content() or "0").split()[0]
        )

    await becomes(known, 15)
    assert await tab.page.evaluate(IN_SIGHT) == before
    assert await tab.page.evaluate("shifts") < SHIFT, await tab.page.evaluate("moved")
    delays = await tab.page.evaluate("Object.values(delays)")
    assert min(delays) < 10 * await tab.page.evaluate(MILLISECONDS_OF_ONE_READ)
    await tab.equals_fresh_load()


async def test_decided_row_stays_with_a_trace_until_it_is_out_of_the_way(
    open_tab: OpenTab, server: Server
) -> None:
    gone, stays = server.add_apv(severity="CRITICAL"), server.add_apv()
    tab = await open_tab(path=f"/apvs/{stays['apv_code']}", script=MEASURE)
    server.decide(gone["apv_id"], user="lead")
    row = tab.page.locator("tr.leaving")
    await expect(row).to_contain_text("approved by Lena Lead")
    await tab.equals_fresh_load()
    assert await tab.page.evaluate("shifts") < SHIFT, await tab.page.evaluate("moved")
