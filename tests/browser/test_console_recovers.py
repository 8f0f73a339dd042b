"""Whatever happens to connection, server, Redis or history, the page equals a fresh load."""

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator
from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.support.people import move_to_group, new_user
from tests.support.proxy import Proxy
from tests.support.redis_server import RedisServer
from tests.support.site import COPIES, Server, Site, serving
from tests.support.tab import NewContext, OpenTab, Tab, becomes, port_of

pytestmark = pytest.mark.asyncio(loop_scope="session")

PATIENT = """
const wait = window.setTimeout;
window.setTimeout = (work, milliseconds, ...more) =>
  wait(work, milliseconds === 15_000 ? 600_000 : milliseconds, ...more);
"""
"""A page that gives up no attempt by itself."""
ANSWER_TIME = "00:16"
"""After this long without an answer, a line or a request counts as dead."""


def change(server: Server, apv: dict[str, Any]) -> None:
    """Decide on `apv`, and add another one."""
    answer = server.decide(apv["apv_id"])
    assert answer.status_code == 200, answer.text
    server.add_apv(severity="CRITICAL")


async def put_forward(page: Page, time: str) -> None:
    await page.clock.run_for(time)


# -- While all is well ------------------------------------------------------------------------


async def test_decision_by_the_form_reaches_another_reviewer(
    open_tab: OpenTab, server: Server
) -> None:
    server.add_apv(severity="CRITICAL")
    added = server.add_apv(package_name="urllib3")
    watcher = await open_tab(user="lead")
    decider = (await open_tab(path=f"/apvs/{added['apv_code']}")).page
    await decider.get_by_label("Approve").check()
    await decider.get_by_label("Justification").fill("The bump is minimal, the wargame holds.")
    await decider.locator("#decision-form .primary").click()
    await decider.get_by_text("Your decision on").wait_for()

    trace = watcher.page.get_by_text(f"{added['apv_code']} approved by Rita Reviewer")
    await trace.wait_for()
    await watcher.equals_fresh_load()
    assert added["apv_code"] not in await watcher.codes()
    assert watcher.reloads == 0


async def test_new_apv_takes_its_place_in_the_queue(open_tab: OpenTab, server: Server) -> None:
    server.add_apv(severity="LOW")
    watcher = await open_tab()
    urgent = server.add_apv(severity="CRITICAL", package_name="django")
    await watcher.page.get_by_text(f"{urgent['apv_code']} arrived: critical, django").wait_for()
    await watcher.equals_fresh_load()
    assert (await watcher.codes())[0] == urgent["apv_code"]
    assert watcher.reloads == 0


async def test_burst_of_arrivals_leaves_the_first_page_as_a_fresh_one(
    open_tab: OpenTab, server: Server
) -> None:
    watcher = await open_tab()
    some = {"severity": "MEDIUM", "patch_strategy": "version_bump"}
    burst = [{**some, "package_name": f"p{number}"} for number in range(200)]
    answer = await asyncio.to_thread(server.post, "/hitl/apvs", burst, user="pipeline")
    assert answer.status_code == 201, answer.text
    await watcher.equals_fresh_load()
    assert len(await watcher.codes()) == 50
    assert (await watcher.shown())["counters"]["pending_reviews"] == "200"
    assert watcher.reloads < 10


async def test_rows_that_come_without_an_event_are_found_by_their_number(
    open_tab: OpenTab, site: Site, server: Server
) -> None:
    server.add_apv()
    watcher = await open_tab()
    site.execute(COPIES, 1, 1_100)
    await watcher.equals_fresh_load()


# -- The line ---------------------------------------------------------------------------------


async def test_cut_line_is_resumed_without_reading_the_list_again(
    open_tab: OpenTab, server: Server, proxy: Proxy
) -> None:
    added = server.add_apv()
    tab = await open_tab(proxy.origin)
    proxy.refuse(True)
    proxy.cut()
    await tab.status_becomes("stale")
    change(server, added)
    proxy.refuse(False)
    await tab.status_becomes("live")
    await tab.equals_fresh_load()
    assert tab.recovered == {"apvs": True, "decisions": True, "changes": True}
    await tab.still_follows()
    assert tab.reloads == 0


async def test_line_that_dies_without_an_end_is_noticed_by_missing_pongs(
    open_tab: OpenTab, server: Server, proxy: Proxy
) -> None:
    added = server.add_apv()
    tab = await open_tab(proxy.origin, clock=True)
    proxy.blackhole(True)
    change(server, added)
    await put_forward(tab.page, "00:59")
    assert await tab.status() == "live"
    await put_forward(tab.page, "00:32")
    assert await tab.status() == "stale"

    before = proxy.attempts
    for _ in range(4):  # an attempt that gets no answer is given up too
        await put_forward(tab.page, ANSWER_TIME)
    await becomes_true(lambda: proxy.attempts >= before + 2)
    proxy.blackhole(False)
    await put_forward(tab.page, ANSWER_TIME)
    await tab.status_becomes("live")
    await tab.equals_fresh_load()
    assert tab.recovered == {"apvs": True, "decisions": True, "changes": True}
    await tab.still_follows()


async def becomes_true(look: Any) -> None:
    async def answer() -> bool:
        return bool(look())

    await becomes(answer, True)


async def test_line_that_died_is_noticed_at_once_when_the_network_comes_back(
    open_tab: OpenTab, server: Server, proxy: Proxy
) -> None:
    added = server.add_apv()
    tab = await open_tab(proxy.origin, clock=True)
    proxy.forget()
    change(server, added)
    await tab.page.evaluate("dispatchEvent(new Event('online'))")
    await put_forward(tab.page, ANSWER_TIME)
    await becomes_true(lambda: len(tab.sockets) == 2)
    await tab.status_becomes("live")
    assert "stale" in await tab.statuses()

    # The browser also keeps connections for requests, and those are just as dead.
    code = (await tab.fresh_load())["codes"]

    async def codes_a_while_later() -> list[str]:
        await put_forward(tab.page, "00:01")
        return await tab.codes()

    await becomes(codes_a_while_later, code)
    await tab.still_follows()


async def test_page_without_network_says_so_and_comes_back(
    open_tab: OpenTab, server: Server
) -> None:
    added = server.add_apv()
    tab = await open_tab()
    await tab.page.context.set_offline(True)
    await tab.status_becomes("offline")
    change(server, added)
    await tab.page.context.set_offline(False)
    await tab.status_becomes("live")
    await tab.equals_fresh_load()
    assert tab.reloads == 0


@pytest.mark.parametrize("luck", [0.25, 0.999])
async def test_attempts_grow_apart_up_to_a_quarter_of_a_minute_and_never_end(
    open_tab: OpenTab, proxy: Proxy, luck: float
) -> None:
    tab = await open_tab(proxy.origin, luck=luck, clock=True)
    await tab.page.evaluate(KEEP_ATTEMPTS)
    await tab.page.clock.pause_at(await tab.page.evaluate("Date.now() / 1000 + 1"))
    before = proxy.attempts
    proxy.refuse(True)
    proxy.cut()
    await tab.status_becomes("stale")
    await tab.page.evaluate("failed.push(Date.now())")
    while await tab.page.evaluate("opened.length") < 10:
        await put_forward(tab.page, "00:10")
        await becomes(lambda: tab.page.evaluate("failed.length - opened.length"), 1)
    opened, failed = await tab.page.evaluate("[opened, failed]")
    waited = [round((b - a) / 1_000 / luck) for a, b in zip(failed, opened, strict=False)]
    assert waited[:5] == [1, 2, 4, 8, 15]
    assert set(waited[5:]) == {15}
    assert proxy.attempts - before >= len(opened) >= 10
    assert await tab.status() == "stale"


KEEP_ATTEMPTS = """() => {
  window.opened = [];
  window.failed = [];
  window.WebSocket = class extends WebSocket {
    constructor(url) {
      super(url);
      opened.push(Date.now());
      this.addEventListener("close", () => failed.push(Date.now()));
    }
  };
}"""


async def test_retry_now_connects_at_once(open_tab: OpenTab, server: Server, proxy: Proxy) -> None:
    server.add_apv()
    tab = await open_tab(proxy.origin, luck=100)  # by itself it would reconnect after 30 seconds
    retry = tab.page.get_by_role("button", name="Retry now")
    proxy.refuse(True)
    proxy.cut()
    await tab.status_becomes("stale")
    proxy.refuse(False)
    await retry.click()
    await tab.status_becomes("live")
    await expect(retry).to_be_hidden()
    server.add_apv()
    await expect(tab.page.locator("#tab-pending .count")).to_have_text("2")


async def test_retry_now_gives_up_an_attempt_that_nobody_answers(
    open_tab: OpenTab, proxy: Proxy
) -> None:
    tab = await open_tab(proxy.origin, script=PATIENT)
    before = proxy.attempts
    proxy.blackhole(True)
    proxy.cut()

    async def hangs() -> bool:
        return proxy.attempts > before

    await becomes(hangs, True)
    proxy.forget()
    proxy.blackhole(False)
    await tab.status_becomes("stale")
    await tab.page.get_by_role("button", name="Retry now").click()
    await tab.status_becomes("live")


# -- Server and Redis -------------------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM], ids=["killed", "stopped"])
async def test_restarted_server_finds_its_pages_again(
    open_tab: OpenTab, site: Site, server: Server, number: signal.Signals
) -> None:
    added = server.add_apv()
    async with serving(site) as restarted:
        tab = await open_tab(restarted.origin)
        restarted.process.send_signal(number)
        await tab.status_becomes("stale")
    change(server, added)  # in another process
    async with serving(site, port_of(restarted)):
        await tab.status_becomes("live")
        await tab.equals_fresh_load()
        assert tab.recovered == {"apvs": True, "decisions": True, "changes": True}
        await tab.still_follows()
        assert tab.reloads == 0


async def test_news_arrive_while_redis_is_down_and_after_its_restart(
    open_tab: OpenTab, server: Server, redis_server: RedisServer
) -> None:
    first, second = server.add_apv(), server.add_apv()
    tab = await open_tab()
    redis_server.kill()
    try:
        await asyncio.to_thread(change, server, first)
        await tab.equals_fresh_load()
    finally:
        redis_server.start()
    await asyncio.to_thread(change, server, second)
    await tab.equals_fresh_load()
    await tab.still_follows()
    assert (len(tab.sockets), tab.reloads) == (1, 0)


# -- The history ------------------------------------------------------------------------------


@contextlib.asynccontextmanager
async def away(tab: Tab, proxy: Proxy) -> AsyncIterator[None]:
    """Take the connection away from the tab."""
    proxy.refuse(True)
    proxy.cut()
    await tab.status_becomes("stale")
    yield
    proxy.refuse(False)


async def test_page_is_read_anew_when_the_history_was_pruned_meanwhile(
    open_tab: OpenTab, site: Site, server: Server, proxy: Proxy
) -> None:
    added = server.add_apv()
    tab = await open_tab(proxy.origin)
    async with away(tab, proxy):
        change(server, added)
        site.execute("DELETE FROM realtime_event")
    await tab.status_becomes("live")
    await tab.equals_fresh_load()
    assert tab.reasons == {"truncated"}
    assert tab.reloads == 1
    await tab.still_follows()


async def test_page_is_read_anew_when_another_history_began(
    open_tab: OpenTab, site: Site, server: Server
) -> None:
    lost = server.add_apv()
    tab = await open_tab()
    site.execute("DELETE FROM reviews_apv WHERE apv_id = %s", lost["apv_id"])
    site.execute("UPDATE realtime_counter SET epoch = md5(random()::text)")
    await becomes_true(lambda: tab.reasons == {"epoch"})
    await tab.status_becomes("live")
    await tab.equals_fresh_load()
    assert await tab.codes() == []
    await tab.still_follows()


async def test_reader_of_one_apv_is_told_that_it_was_decided_unheard_and_keeps_the_draft(
    open_tab: OpenTab, site: Site, server: Server, proxy: Proxy
) -> None:
    added = server.add_apv()
    tab = await open_tab(proxy.origin, f"/apvs/{added['apv_code']}")
    await tab.page.get_by_label("Justification").fill("A draft that takes its time.")
    async with away(tab, proxy):
        change(server, added)
        site.execute("DELETE FROM realtime_event")
    told = f"{added['apv_code']} Approved while you were reading."
    await expect(tab.page.locator("#decided-meanwhile")).to_contain_text(told, ignore_case=True)
    await tab.status_becomes("live")
    assert await tab.page.input_value("#id_justification") == "A draft that takes its time."


# -- Who may not stay -------------------------------------------------------------------------


async def test_signing_out_in_another_tab_is_said_on_this_one(
    new_context: NewContext, open_tab: OpenTab, proxy: Proxy, server: Server
) -> None:
    tab = await open_tab(proxy.origin)
    server.forget("reviewer")
    other = await tab.page.context.new_page()
    await other.goto(proxy.origin)
    await other.get_by_role("button", name="Sign out").click()
    await other.get_by_role("heading", name="Sign in").wait_for()
    proxy.cut()
    await tab.status_becomes("refused")
    await tab.page.get_by_text("You are signed out").wait_for()
    opened = len(tab.sockets)
    await tab.page.evaluate("dispatchEvent(new Event('online'))")
    assert len(tab.sockets) == opened


async def test_reader_who_lost_a_permission_is_told_that_the_page_follows_less(
    open_tab: OpenTab, server: Server, site: Site
) -> None:
    user = await asyncio.to_thread(new_user, site)
    tab = await open_tab(user=user)
    notice = tab.page.get_by_text("You no longer have access to all of this page")
    assert not await notice.is_visible()
    await asyncio.to_thread(move_to_group, site, user, "pipelines")
    await notice.wait_for()
    await tab.status_becomes("live")
    urgent = server.add_apv(severity="CRITICAL", package_name="django")
    await tab.page.get_by_text(f"{urgent['apv_code']} arrived").wait_for()
    await tab.page.get_by_role("link", name="Load it again").click()
    await tab.status_becomes("live")
    assert not await notice.is_visible()
