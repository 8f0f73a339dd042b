"""An application with the hooks of clients/js in a browser tab, as a test sees it."""

from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlencode

from playwright.async_api import BrowserContext, Page, WebSocket

from tests.support.site import Server
from tests.support.tab import becomes

OpenApp = Callable[..., Awaitable["App"]]


class App:
    """One page of the application at `origin`, whose sockets go to `console`."""

    def __init__(self, page: Page, origin: str, console: str) -> None:
        self.page = page
        self.origin = origin
        self.url = f"{console.replace('http', 'ws', 1)}/hitl/ws"
        self.sockets: list[WebSocket] = []
        self.errors: list[str] = []
        page.on("websocket", lambda socket: self.sockets.append(socket))
        page.on("pageerror", lambda error: self.errors.append(str(error)))

    async def open(self, **query: str) -> None:
        await self.page.add_init_script("Math.random = () => 0.05")  # a backoff is short
        await self.page.goto(f"{self.origin}/?{urlencode({'socket': self.url, **query})}")

    # -- What is shown ----------------------------------------------------------------------

    async def becomes(self, expression: str, expected: Any) -> None:
        await becomes(lambda: self.page.evaluate(expression), expected)

    async def status_becomes(self, status: str) -> None:
        await self.becomes("document.querySelector('[data-status]')?.dataset.status", status)

    async def heard(self, by: str = "first", kind: str = "new_apv") -> list[str]:
        """Return the ids of the APVs that a component heard of, in order."""
        told = await self.page.evaluate("heard")
        return [one["apv_id"] for one in told if (one["by"], one["type"]) == (by, kind)]

    async def hears(self, expected: list[str], by: str = "first", kind: str = "new_apv") -> None:
        """Wait until a component has heard of exactly these APVs, each once and in order."""
        await becomes(lambda: self.heard(by, kind), expected)

    async def show(self, *names: str) -> None:
        """Mount these feeds, and unmount the others."""
        await self.page.evaluate("(names) => showFeeds(names)", list(names))

    async def open_sockets(self) -> int:
        return sum(not socket.is_closed() for socket in self.sockets)


async def take_cookies(context: BrowserContext) -> list[Any]:
    """Sign the browser out; return what signs it in again."""
    cookies = [*await context.cookies()]
    await context.clear_cookies()
    return cookies


def added(server: Server, count: int) -> list[str]:
    """Add APVs; return their ids."""
    return [server.add_apv()["apv_id"] for _ in range(count)]
