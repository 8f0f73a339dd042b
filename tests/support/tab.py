"""The console in a browser tab, as a test sees it."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from playwright.async_api import BrowserContext, Page, Request, Route, WebSocket

from tests.support.site import Server, Site
from tests.support.waiting import ANSWER_SECONDS

KEEP_STATUSES = """
window.statuses = [];
new MutationObserver(() => {
  const { status } = document.getElementById("line").dataset;
  if (status !== statuses.at(-1)) statuses.push(status);
}).observe(document, { subtree: true, attributeFilter: ["data-status"] });
"""
SHOWN = """() => {
  document.querySelector("#news:not([hidden])")?.click();
  return {
    codes: [...document.querySelectorAll("#queue tbody tr:not(.leaving) .at-code")]
      .map((cell) => cell.textContent.trim()).slice(0, 50),
    counters: Object.fromEntries([...document.querySelectorAll("[data-stat]")]
      .map((counter) => [counter.dataset.stat, counter.textContent])),
  };
}"""
"""The first page of the list, with what waits to be let in, and the counters."""


ANSWERED = """(code) => Boolean(document.querySelector("#confirm[open]"))
  || document.querySelector("#decision-form")?.dataset.draft !== code"""
"""Whether the form about an APV was answered: by a question, or as it is no longer there."""

IS_LOADED = """async (name) => {
  const asked = performance.getEntriesByType("resource");
  const found = asked.find((one) => one.name.includes(`/${name}.js`));
  return Boolean(found && (await import(found.name)));
}"""
"""Whether the script of this name, which the page loads when it needs it, is there."""

SAVE_DATA = "Object.defineProperty(navigator, 'connection', { value: { saveData: true } });"
"""For a reader who saves data, no APV is read before it is asked for."""
REASON = "The bump is minimal and the wargame holds."


async def opened(page: Page) -> str | None:
    """Return the code of the APV that is open."""
    return await page.locator("#reading").get_attribute("data-code")


def recorded(site: Site, apv: dict[str, Any]) -> Callable[[], Awaitable[list[str]]]:
    """Return what reads the kinds of the decisions on an APV."""
    sql = "SELECT decision FROM reviews_decision WHERE apv_id = %s"

    async def look() -> list[str]:
        return [kind for (kind,) in site.rows(sql, apv["apv_id"])]

    return look


async def write(page: Page, key: str = "a", reason: str = REASON) -> None:
    """Enter a decision with the keyboard."""
    await page.keyboard.press(key)
    await page.keyboard.type(reason)


async def send(page: Page) -> None:
    """Send a decision that the server asks about, and wait for the question."""
    await page.keyboard.press("Control+Enter")
    await page.locator("#confirm[open]").wait_for()


async def decide(page: Page, key: str = "a", reason: str = REASON) -> None:
    """Enter a decision with the keyboard, send it, and confirm it if the server asks."""
    await write(page, key, reason)
    code = await opened(page)
    await page.keyboard.press("Control+Enter")
    if await asks(page, code):
        await page.keyboard.press("Enter")


async def asks(page: Page, code: str | None) -> bool:
    """Wait for the answer to the form about `code`; return whether it is a question."""

    async def answered() -> bool:
        return bool(await page.evaluate(ANSWERED, code))

    await becomes(answered, True)
    if not await page.locator("#confirm[open]").count():
        return False
    await page.locator("#confirm[open]").wait_for()  # a key counts once it was on the screen
    return True


async def hold(page: Page, pattern: str) -> tuple[asyncio.Event, asyncio.Event]:
    """Hold back requests; return the event of the first one, and that which lets them go on."""
    asked, goes = asyncio.Event(), asyncio.Event()

    async def wait(route: Route) -> None:
        asked.set()
        await goes.wait()
        await route.continue_()

    await page.route(pattern, wait)
    return asked, goes


async def loaded(page: Page, *scripts: str) -> None:
    """Wait until the page has scripts that it loads when they are needed."""
    for name in scripts:
        await becomes(partial(page.evaluate, IS_LOADED, name), True)


async def becomes(look: Callable[[], Awaitable[Any]], expected: Any) -> None:
    """Poll until `expected` is seen."""
    deadline = time.monotonic() + ANSWER_SECONDS
    while (seen := await look()) != expected:
        assert time.monotonic() < deadline, f"{seen!r} is not yet {expected!r}"
        await asyncio.sleep(0.03)


def port_of(server: Server) -> int:
    return urlsplit(server.origin).port or 0


class Tab:
    """One page of the console, with the messages of its socket."""

    def __init__(self, page: Page, origin: str, server: Server) -> None:
        self.page = page
        self.origin = origin
        self.server = server
        self.heard: list[dict[str, Any]] = []
        self.sockets: list[WebSocket] = []
        self.errors: list[str] = []
        self._reads: list[str] = []
        page.on("websocket", self._keep_socket)
        page.on("request", self._keep_read)
        page.on("pageerror", lambda error: self.errors.append(str(error)))

    def _keep_socket(self, socket: WebSocket) -> None:
        self.sockets.append(socket)
        socket.on("framereceived", lambda frame: self.heard.append(json.loads(frame)))

    def _keep_read(self, request: Request) -> None:
        if request.is_navigation_request() or urlsplit(request.url).path == "/queue":
            self._reads.append(request.url)

    async def open(self, path: str = "/") -> None:
        await self.page.goto(self.origin + path)
        await self.status_becomes("live")
        await self.page.locator("html:not([data-guarded])").wait_for(state="attached")

    # -- What happened ----------------------------------------------------------------------

    @property
    def reloads(self) -> int:
        """Return how often the whole list was read again."""
        return len(self._reads) - 1

    @property
    def recovered(self) -> dict[str, bool]:
        """Return what the server answered when the connection last resumed."""
        return dict(self._confirmations()[-1]["recovered"])

    @property
    def reasons(self) -> set[str]:
        """Return why the server ever refused to replay."""
        return {why for one in self._confirmations() for why in one["reason"].values()}

    def _confirmations(self) -> list[dict[str, Any]]:
        return [one for one in self.heard if one["type"] == "subscription_confirmed"]

    async def statuses(self) -> list[str]:
        """Return every status that the page showed since it was opened."""
        return list(await self.page.evaluate("statuses"))

    # -- What is shown ----------------------------------------------------------------------

    async def shown(self) -> dict[str, Any]:
        return dict(await self.page.evaluate(SHOWN))

    async def codes(self) -> list[str]:
        return list((await self.shown())["codes"])

    async def status(self) -> str | None:
        return await self.page.get_attribute("#line", "data-status")

    async def status_becomes(self, status: str) -> None:
        await becomes(self.status, status)

    async def equals_fresh_load(self) -> None:
        """Wait until the page shows what a fresh load shows."""
        await becomes(self.shown, await self.fresh_load())

    async def still_follows(self) -> None:
        """Check that the next event arrives, and nothing before it was lost or doubled."""
        added = self.server.add_apv(package_name="marker", severity="LOW")
        await self.page.get_by_role("link", name=added["apv_code"]).wait_for()
        await self.equals_fresh_load()
        await self.status_becomes("live")

    async def fresh_load(self) -> dict[str, Any]:
        context, browser = self.page.context, self.page.context.browser
        assert browser is not None
        stranger = await browser.new_context(
            storage_state=await context.storage_state(), java_script_enabled=False
        )
        page = await stranger.new_page()
        await page.goto(self.server.origin + urlsplit(self.page.url).path)
        shown = dict(await page.evaluate(SHOWN))
        await stranger.close()
        return shown


NewContext = Callable[..., Awaitable[BrowserContext]]
"""Makes a browser of its own in which a user is signed in."""
OpenTab = Callable[..., Awaitable[Tab]]
"""Opens a page of the console in a tab."""
