"""socket.js by itself, in an empty page of the real server, on a connection that tests change."""

import asyncio
import json
import random
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from playwright.async_api import Page, WebSocketRoute

from tests.support.people import move_to_group, new_user
from tests.support.site import Server, Site
from tests.support.tab import NewContext, becomes

pytestmark = pytest.mark.asyncio(loop_scope="session")

PREPARE = """async () => {
  const { connect, STATUSES } = await import("/static/realtime/socket.js");
  Object.assign(window, { heard: [], statuses: [], failingReloads: 0, reloads: 0, STATUSES });
  window.onMessage = (message) => heard.push(message);
  window.positions = async () => (await (await fetch("/hitl/reviews?limit=1")).json()).positions;
  window.start = (channels, since) => {
    window.line = connect({
      url: "/hitl/ws",
      channels,
      positions: since,
      onMessage: (message) => onMessage(message),
      onStatus: (status) => statuses.push(status),
      onReload: async (tops) => {
        reloads++;
        if (reloads <= failingReloads) throw new Error("the server is busy");
        return positions(tops);
      },
    });
  };
}"""

OpenPage = Callable[..., Awaitable[Page]]
Tamper = Callable[[WebSocketRoute, str], None]
"""Passes on to the page what it will of a message from the server."""


@pytest.fixture
def open_page(new_context: NewContext, server: Server) -> OpenPage:
    """Open an empty page with the module; `tamper` gets what the server sends to it."""

    async def open_(tamper: Tamper | None = None, user: str = "reviewer") -> Page:
        # An evaluated import has no nonce; other tests show that pages follow their policy.
        page = await (await new_context(user, bypass_csp=True)).new_page()
        await page.add_init_script("Math.random = () => 0.05")
        if tamper:
            await page.route_web_socket("**/hitl/ws", between(tamper))
        await page.goto(f"{server.origin}/hitl/health/live")
        await page.evaluate(PREPARE)
        return page

    return open_


def between(tamper: Tamper) -> Callable[[WebSocketRoute], None]:
    def handle(page: WebSocketRoute) -> None:
        page.connect_to_server().on_message(lambda text: tamper(page, str(text)))

    return handle


async def start(page: Page, *channels: str, since: Any = None) -> None:
    await page.evaluate("([channels, since]) => start(channels, since)", [channels, since or {}])


async def is_live(page: Page) -> None:
    await page_shows(page, "line.status", "live")


async def page_shows(page: Page, expression: str, expected: Any) -> None:
    await becomes(lambda: page.evaluate(expression), expected)


async def check(page: Page) -> None:
    """Have the module check the connection, as it does when the network returns."""
    await page.evaluate("dispatchEvent(new Event('online'))")


HEARD = "heard.map((message) => message.apv_id)"
HEARD_APVS = "heard.filter((one) => one.type === 'new_apv').map((one) => one.apv_id)"


def add(server: Server, count: int) -> list[str]:
    return [server.add_apv()["apv_id"] for _ in range(count)]


def is_event(text: str) -> bool:
    return bool(json.loads(text)["type"] == "new_apv")


# -- A line that loses, doubles and swaps -----------------------------------------------------


class Losing:
    """Drops every third event, on average, the first time it comes."""

    def __init__(self) -> None:
        self.chance = random.Random(3)
        self.lost: set[str] = set()

    def __call__(self, page: WebSocketRoute, text: str) -> None:
        if is_event(text) and text not in self.lost and self.chance.random() < 1 / 3:
            self.lost.add(text)
        else:
            page.send(text)


class Doubling:
    """Sends every event twice, and once more after the next one."""

    def __init__(self) -> None:
        self.before = ""

    def __call__(self, page: WebSocketRoute, text: str) -> None:
        page.send(text)
        if is_event(text):
            page.send(text)
            if self.before:
                page.send(self.before)
            self.before = text


class Swapping:
    """Lets every second event be overtaken by the one after it."""

    def __init__(self) -> None:
        self.seen = 0
        self.held = ""

    def __call__(self, page: WebSocketRoute, text: str) -> None:
        self.seen += is_event(text)
        if is_event(text) and self.seen % 2:
            self.held = text
            return
        page.send(text)
        if is_event(text):
            page.send(self.held)


@pytest.mark.parametrize("fault", [Losing, Doubling, Swapping])
async def test_each_event_is_handed_on_once_and_in_order(
    open_page: OpenPage, server: Server, fault: type[Any]
) -> None:
    page = await open_page(fault())
    await start(page, "apvs")
    await is_live(page)
    added = add(server, 20)

    async def heard_after_a_check() -> Any:
        await check(page)
        return await page.evaluate(HEARD)

    await becomes(heard_after_a_check, added)
    await is_live(page)
    assert await page.evaluate("reloads") == 0


async def test_event_lost_at_the_end_is_found_by_the_next_pong(
    open_page: OpenPage, server: Server
) -> None:
    lost: list[str] = []

    def lose_one(page: WebSocketRoute, text: str) -> None:
        if is_event(text) and not lost:
            lost.append(text)
        else:
            page.send(text)

    page = await open_page(lose_one)
    await start(page, "apvs")
    await is_live(page)
    added = add(server, 1)

    async def has_lost_one() -> bool:
        return bool(lost)

    await becomes(has_lost_one, True)
    assert await page.evaluate(HEARD) == []
    await check(page)
    await page_shows(page, HEARD, added)
    await is_live(page)


async def test_hole_that_no_replay_fills_ends_in_a_reload(
    open_page: OpenPage, server: Server
) -> None:
    lost: list[Any] = []

    def lose_one_always(page: WebSocketRoute, text: str) -> None:
        message = json.loads(text)
        if is_event(text) and not lost:
            lost.append(message["offset"])
        if not is_event(text) or message["offset"] not in lost:
            page.send(text)

    page = await open_page(lose_one_always)
    await start(page, "apvs")
    await is_live(page)
    add(server, 3)
    await page_shows(page, "reloads", 1)
    await is_live(page)
    assert (
        await page.evaluate("line.positions.apvs") == (await page.evaluate("positions()"))["apvs"]
    )
    added = add(server, 1)
    await page_shows(page, HEARD, added)


async def test_message_that_the_page_stumbles_over_does_not_cost_it_the_next(
    open_page: OpenPage, server: Server
) -> None:
    page = await open_page()
    await page.evaluate(
        "() => { onMessage = (message) => { heard.push(message); throw new Error('stumbled'); } }"
    )
    await start(page, "apvs")
    await is_live(page)
    await page_shows(page, HEARD, [])
    added = add(server, 3)
    await page_shows(page, HEARD, added)


# -- Positions --------------------------------------------------------------------------------


async def test_events_between_reading_and_connecting_are_told(
    open_page: OpenPage, server: Server
) -> None:
    page = await open_page()
    since = await page.evaluate("positions()")
    added = add(server, 3)
    await start(page, "apvs", "decisions", since=since)
    await page_shows(page, HEARD, added)
    await is_live(page)
    assert await page.evaluate("statuses") == ["connecting", "catching up", "live"]


async def test_page_without_a_position_hears_what_comes_from_now_on(
    open_page: OpenPage, server: Server
) -> None:
    add(server, 1)
    page = await open_page()
    await start(page, "apvs")
    await is_live(page)
    assert await page.evaluate("statuses") == ["connecting", "live"]
    added = add(server, 1)
    await page_shows(page, HEARD, added)


async def test_failed_reload_is_tried_again_and_costs_no_event(
    open_page: OpenPage, server: Server
) -> None:
    page = await open_page()
    await page.evaluate("failingReloads = 4")
    since = {"apvs": {"epoch": "of another history", "offset": 3}}
    await start(page, "apvs", since=since)
    await page_shows(page, "line.status", "catching up")
    meanwhile = add(server, 1)
    await page_shows(page, "reloads", 5)
    await is_live(page)
    later = add(server, 1)
    await page_shows(page, f"{HEARD}.at(-1)", later[0])
    # What came before the reload is part of what it read.
    assert await page.evaluate(HEARD) in ([*meanwhile, *later], later)
    assert (
        await page.evaluate("line.positions.apvs") == (await page.evaluate("positions()"))["apvs"]
    )


# -- More channels ----------------------------------------------------------------------------


async def test_channel_that_is_added_is_followed_now_and_after_each_reconnection(
    open_page: OpenPage, server: Server
) -> None:
    routes = []

    def keep(page: WebSocketRoute, text: str) -> None:
        if page not in routes:
            routes.append(page)
        page.send(text)

    page = await open_page(keep)
    await start(page, "decisions")
    await is_live(page)
    await page.evaluate("line.subscribe(['apvs'])")
    await is_live(page)
    before = add(server, 1)
    await page_shows(page, HEARD, before)
    await routes[0].close(code=1012)
    after = add(server, 1)
    await page_shows(page, HEARD, [*before, *after])
    assert len(routes) == 2
    assert await page.evaluate("reloads") == 0


async def test_channel_that_is_added_before_the_connection_is_open_is_followed_from_its_start(
    open_page: OpenPage, server: Server
) -> None:
    page = await open_page()
    await page.evaluate("() => { start(['decisions'], {}); line.subscribe(['apvs']); }")
    await is_live(page)
    added = add(server, 1)
    await page_shows(page, HEARD, added)
    assert await page.evaluate("reloads") == 0


async def test_reload_is_told_where_the_logs_end(open_page: OpenPage, server: Server) -> None:
    page = await open_page()
    add(server, 1)
    await page.evaluate("() => { window.positions = async (tops) => tops; }")
    await start(page, "apvs", since={"apvs": {"epoch": "of another history", "offset": 3}})
    await is_live(page)
    added = add(server, 2)
    await page_shows(page, HEARD, added)
    assert await page.evaluate("reloads") == 1


# -- Ends -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "reason"), [(1012, ""), (1013, "Too slow"), (4408, ""), (4000, "")], ids=str
)
async def test_line_closed_for_a_passing_reason_is_resumed(
    open_page: OpenPage, server: Server, code: int, reason: str
) -> None:
    routes = []

    def keep(page: WebSocketRoute, text: str) -> None:
        if page not in routes:
            routes.append(page)
        page.send(text)

    page = await open_page(keep)
    await start(page, "apvs")
    await is_live(page)
    await routes[0].close(code=code, reason=reason)
    await page_shows(page, "statuses.at(-1) === 'live' && statuses.includes('stale')", True)
    assert len(routes) == 2
    added = add(server, 1)
    await page_shows(page, HEARD, added)


@pytest.mark.parametrize(("code", "reason"), [(4401, ""), (1008, "Invalid token")], ids=str)
async def test_line_closed_for_good_is_refused_and_not_opened_again(
    open_page: OpenPage, code: int, reason: str
) -> None:
    routes = []

    def keep(page: WebSocketRoute, text: str) -> None:
        if page not in routes:
            routes.append(page)
        page.send(text)

    page = await open_page(keep)
    await start(page, "apvs")
    await is_live(page)
    await routes[0].close(code=code, reason=reason)
    await page_shows(page, "line.status", "refused")
    await check(page)
    assert len(routes) == 1
    assert await page.evaluate("statuses") == ["connecting", "live", "refused"]


async def test_forbidden_channel_is_done_without(open_page: OpenPage, server: Server) -> None:
    page = await open_page(user="pipeline")
    await start(page, "apvs", "decisions")
    await is_live(page)
    added = add(server, 1)
    await page_shows(page, HEARD, added)


async def test_page_that_may_read_none_of_its_channels_is_refused(open_page: OpenPage) -> None:
    page = await open_page(user="pipeline")
    await start(page, "decisions", "stats")
    await page_shows(page, "line.status", "refused")


async def test_page_whose_user_lost_a_permission_goes_on_with_the_rest(
    open_page: OpenPage, server: Server, site: Site
) -> None:
    user = await asyncio.to_thread(new_user, site)
    page = await open_page(user=user)
    await start(page, "apvs", "decisions", "stats")
    await is_live(page)
    before = add(server, 1)
    await page_shows(page, HEARD_APVS, before)
    await page.evaluate("statuses.length = 0")
    await asyncio.to_thread(move_to_group, site, user, "pipelines")
    await page_shows(page, "statuses.includes('stale')", True)
    await is_live(page)
    after = add(server, 1)
    await page_shows(page, HEARD_APVS, [*before, *after])
    assert not await page.evaluate("statuses.includes('refused')")


async def test_line_that_the_page_closed_hears_nothing_more(
    open_page: OpenPage, server: Server
) -> None:
    page = await open_page()
    await start(page, "apvs")
    await is_live(page)
    await page.evaluate("line.close()")
    await page.evaluate("window.first = line")
    await start(page, "apvs")
    await is_live(page)
    added = add(server, 1)
    await page_shows(page, HEARD, added)  # by the second line alone


async def test_every_status_told_is_a_declared_one(open_page: OpenPage, server: Server) -> None:
    page = await open_page()
    await start(page, "apvs")
    await is_live(page)
    await page.context.set_offline(True)
    await page_shows(page, "line.status", "offline")
    await page.context.set_offline(False)
    await is_live(page)
    assert await page.evaluate("statuses.every((status) => STATUSES.includes(status))")
