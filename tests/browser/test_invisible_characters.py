"""What arrives over the socket is shown without invisible characters."""

import pytest
from playwright.async_api import expect

from tests.support.invisible_characters import HIDDEN, IGNORABLE, MIXED, RAW, TEXT, postable_apv
from tests.support.site import Server
from tests.support.tab import OpenTab

pytestmark = pytest.mark.asyncio(loop_scope="session")

SHOWN = """() => {
  const kinds = NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_TEXT;
  const walker = document.createTreeWalker(document.documentElement, kinds);
  const found = [document.title];
  while (walker.nextNode()) {
    const node = walker.currentNode;
    if (node.nodeType === Node.TEXT_NODE) {
      if (!node.parentElement.closest("textarea, script")) found.push(node.data);
    } else {
      for (const { name, value } of node.attributes) if (name !== "value") found.push(value);
    }
  }
  return found.join("\\n");
}"""
"""Everything on the page that is not typed into a control."""
NOTHING_FETCHED = "**/queue/rows?*"


async def test_what_the_socket_tells_shows_nothing_that_is_not_seen(
    open_tab: OpenTab, server: Server
) -> None:
    read = server.add_apv(**postable_apv())
    tab = await open_tab(path=f"/apvs/{read['apv_code']}")
    await tab.page.route(
        NOTHING_FETCHED, lambda route: route.abort()
    )  # rows as the socket's events drew them
    arrived = server.add_apv(**postable_apv())
    row = tab.page.locator(f"#apv-{arrived['apv_id']}")
    await expect(row.locator(".package")).to_contain_text(f"{MIXED}⟨U+202E⟩")
    await expect(row.locator(".package")).to_contain_text("(е Cyrillic)")
    body = {"reviewer_name": TEXT}
    server.decide(read["apv_id"], user="admin", **body)
    await expect(tab.page.locator("#decided-meanwhile")).to_contain_text("⟨U+202E⟩")
    assert not RAW.search(await tab.page.evaluate(SHOWN))


async def test_browser_reveals_what_the_server_reveals(open_tab: OpenTab) -> None:
    tab = await open_tab()
    hidden = [*HIDDEN, *map(chr, IGNORABLE)]
    missed = await tab.page.evaluate(
        """(hidden) => {
          const { revealed } = modules["reviews/invisible_characters.js"];
          return hidden.filter((one) => !revealed(`a${one}b`).startsWith("a⟨U+"));
        }""",
        hidden,
    )
    assert missed == []
    plain = "café — “naïve” 日本語 Новости हिन्दी עברית 🙂"
    assert plain == await tab.page.evaluate(
        """(text) => {
          const { revealed } = modules["reviews/invisible_characters.js"];
          return revealed(text);
        }""",
        plain,
    )
