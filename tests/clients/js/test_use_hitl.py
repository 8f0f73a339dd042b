"""useHITL in an application built by Vite, in Chromium, against a real server."""

import asyncio
import signal

import pytest
from playwright.async_api import WebSocketRoute

from tests.support.proxy import Proxy
from tests.support.react_app import OpenApp, added, take_cookies
from tests.support.site import Server, Site, serving
from tests.support.tab import NewContext, becomes, port_of

pytestmark = pytest.mark.asyncio(loop_scope="session")

TOTAL = "Number(document.querySelector('output').textContent)"
READS = "reads['/hitl/reviews']"
FULL = """
const store = Storage.prototype.setItem;
Storage.prototype.setItem = function (key, text) {
  if (key.startsWith("hitl-console")) throw new DOMException("full", "QuotaExceededError");
  return store.call(this, key, text);
};
"""
STORED = "JSON.parse(sessionStorage.getItem('hitl-console {}'))"
VALUES = "heard.filter(({ type }) => type === 'stats_update').map(({ by }) => by)"


async def waiting(server: Server) -> int:
    """Return how many APVs wait for a decision."""
    answer = await asyncio.to_thread(server.client().get, "/hitl/reviews?limit=1")
    return int(answer.json()["total"])


@pytest.mark.parametrize(
    ("built_app", "version", "twice"),
    [("18", "18", True), ("19", "19", True), ("19 production", "19", False)],
    indirect=["built_app"],
)
async def test_application_runs_on_the_react_that_it_was_built_with(
    open_app: OpenApp, server: Server, version: str, twice: bool
) -> None:
    app = await open_app()
    await app.status_becomes("live")
    await app.hears(added(server, 2))
    assert (await app.page.evaluate("reactVersion")).startswith(f"{version}.")
    assert await app.page.evaluate("mounted > 1") == twice


async def test_component_hears_each_event_once_over_one_socket_in_strict_mode(
    open_app: OpenApp, server: Server
) -> None:
    app = await open_app(feeds="first,second,third")
    await app.status_becomes("live")
    told = added(server, 3)
    for feed in ("first", "second", "third"):
        await app.hears(told, feed)
    assert len(app.sockets) == 1


# -- The line ---------------------------------------------------------------------------------


async def test_cut_line_loses_nothing_and_doubles_nothing(
    open_app: OpenApp, server: Server, proxy: Proxy
) -> None:
    app = await open_app(proxy.origin)
    await app.status_becomes("live")
    told = added(server, 2)
    for _ in range(3):
        await app.hears(told)
        proxy.refuse(True)
        proxy.cut()
        await app.status_becomes("stale")
        told += added(server, 2)
        proxy.refuse(False)
    await app.hears(told)
    await app.status_becomes("live")


async def test_page_that_slept_hears_what_it_missed(
    open_app: OpenApp, new_context: NewContext, server: Server, proxy: Proxy
) -> None:
    page = await (await new_context()).new_page()
    await page.clock.install()
    app = await open_app(proxy.origin, page=page)
    await app.status_becomes("live")
    proxy.forget()
    told = added(server, 3)
    await page.clock.fast_forward("01:00:00")  # the lid is closed, and timers stand still
    await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    await page.clock.run_for("00:16")
    await app.hears(told)
    await app.status_becomes("live")
    assert len(app.sockets) == 2


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM], ids=["killed", "stopped"])
async def test_restarted_server_loses_nothing_and_doubles_nothing(
    open_app: OpenApp, site: Site, server: Server, number: signal.Signals
) -> None:
    async with serving(site) as restarted:
        app = await open_app(restarted.origin, feeds="first,second")
        await app.status_becomes("live")
        told = await asyncio.to_thread(added, server, 5)
        restarted.process.send_signal(number)
        told += await asyncio.to_thread(added, server, 5)
        await app.status_becomes("stale")
    told += added(server, 2)  # by another process
    async with serving(site, port_of(restarted)):
        await app.status_becomes("live")
        told += await asyncio.to_thread(added, server, 2)
        await app.hears(told, "first")
        await app.hears(told, "second")


async def test_two_tabs_hear_everything_each_and_have_positions_of_their_own(
    open_app: OpenApp, new_context: NewContext, server: Server
) -> None:
    context = await new_context()
    one = await open_app(page=await context.new_page())
    other = await open_app(page=await context.new_page())
    for app in (one, other):
        await app.status_becomes("live")
    before = added(server, 2)
    for app in (one, other):
        await app.hears(before)
    await other.page.goto("about:blank")
    after = added(server, 2)
    await one.hears(before + after)
    await other.open()
    await other.hears(before + after)
    await one.hears(before + after)


# -- Components that come and go --------------------------------------------------------------


async def test_unmounting_one_in_the_middle_costs_the_others_nothing(
    open_app: OpenApp, server: Server
) -> None:
    app = await open_app(feeds="first,second")
    await app.status_becomes("live")
    adding = asyncio.create_task(asyncio.to_thread(added, server, 10))
    await app.becomes("heard.length > 4", True)
    await app.show("second")
    told = await adding
    await app.hears(told, "second")
    first = await app.heard("first")
    assert first == told[: len(first)]
    assert len(app.sockets) == 1


async def test_what_happened_while_all_were_unmounted_is_heard_on_return(
    open_app: OpenApp, server: Server
) -> None:
    app = await open_app()
    await app.status_becomes("live")
    told = added(server, 2)
    await app.hears(told)
    await app.show()
    await becomes(app.open_sockets, 0)
    told += added(server, 3)
    await app.show("first")
    await app.hears(told)
    await app.status_becomes("live")
    assert len(app.sockets) == 2


async def test_component_is_exchanged_for_another_without_a_new_socket(
    open_app: OpenApp, server: Server
) -> None:
    app = await open_app()
    await app.status_becomes("live")
    for name in ("second", "third", "fourth"):
        await app.show(name)
    told = added(server, 1)
    await app.hears(told, "fourth")
    assert len(app.sockets) == 1


async def test_channel_that_a_later_component_needs_is_added_to_the_socket(
    open_app: OpenApp, server: Server
) -> None:
    app = await open_app(feeds="first:apvs")
    await app.status_becomes("live")
    await app.show("first:apvs", "second:decisions")
    await app.becomes(f"'decisions' in {STORED.format(app.url)}", True)
    apv = server.add_apv()
    assert server.decide(apv["apv_id"]).status_code == 200
    await app.hears([apv["apv_id"]], "second", "decision_made")
    await app.hears([apv["apv_id"]], "first", "new_apv")
    assert await app.heard("second", "new_apv") == await app.heard("first", "decision_made") == []
    assert len(app.sockets) == 1


async def test_late_component_gets_the_last_value_at_once(
    open_app: OpenApp, server: Server
) -> None:
    app = await open_app(feeds="first")
    await app.becomes(
        "heard.some(({ by, type }) => by === 'first' && type === 'stats_update')", True
    )
    await app.show("first", "second")
    await app.becomes(
        "heard.some(({ by, type }) => by === 'second' && type === 'stats_update')", True
    )


# -- Positions --------------------------------------------------------------------------------


async def test_reload_keeps_positions(open_app: OpenApp, server: Server) -> None:
    app = await open_app()
    await app.status_becomes("live")
    told = added(server, 2)
    await app.hears(told)
    for _ in range(2):
        await app.page.goto("about:blank")
        told += added(server, 3)
        await app.open()
        await app.hears(told)
    await app.page.reload()
    await app.status_becomes("live")
    told += added(server, 1)
    await app.hears(told)


async def test_page_without_storage_begins_with_what_comes(
    open_app: OpenApp, server: Server
) -> None:
    app = await open_app(storage="none")
    await app.status_becomes("live")
    before = added(server, 1)
    await app.hears(before)
    await app.page.goto("about:blank")
    added(server, 2)
    await app.open(storage="none")
    await app.status_becomes("live")
    await app.hears(before + added(server, 1))


async def test_storage_that_is_given_is_used(
    open_app: OpenApp, new_context: NewContext, server: Server
) -> None:
    context = await new_context()
    closed = await open_app(page=await context.new_page(), storage="local")
    await closed.status_becomes("live")
    await closed.hears(added(server, 1))
    await closed.page.close()
    told = added(server, 2)
    another = await open_app(page=await context.new_page(), storage="local")
    await another.hears(told)


async def test_page_goes_on_if_its_storage_is_full(
    open_app: OpenApp, new_context: NewContext, server: Server
) -> None:
    page = await (await new_context()).new_page()
    await page.add_init_script(FULL)
    app = await open_app(page=page)
    await app.status_becomes("live")
    told = added(server, 2)
    await app.hears(told)
    await app.show()
    await becomes(app.open_sockets, 0)
    told += added(server, 1)
    await app.show("first")
    await app.hears(told)


@pytest.mark.parametrize("stored", ["{", "null", "[1]", '{"apvs": {"epoch": 5, "offset": "x"}}'])
async def test_positions_that_are_none_are_passed_over(
    open_app: OpenApp, server: Server, stored: str
) -> None:
    app = await open_app()
    await app.status_becomes("live")
    await app.page.evaluate(
        "([key, text]) => sessionStorage.setItem(key, text)", [f"hitl-console {app.url}", stored]
    )
    await app.page.reload()
    await app.status_becomes("live")
    await app.hears(added(server, 1))


# -- Queries ----------------------------------------------------------------------------------


async def test_burst_is_read_again_in_batches(open_app: OpenApp, server: Server) -> None:
    app = await open_app(feeds="first,second,third")
    await app.status_becomes("live")
    some = {"severity": "LOW", "patch_strategy": "version_bump", "package_name": "flask"}
    burst = [some] * 150
    answer = await asyncio.to_thread(server.post, "/hitl/apvs", burst, user="pipeline")
    assert answer.status_code == 201, answer.text
    await app.becomes(TOTAL, await waiting(server))
    assert await app.page.evaluate(READS) < 15
    assert len(await app.heard()) == 150


async def test_what_was_read_before_the_channel_was_followed_is_read_again(
    open_app: OpenApp, new_context: NewContext, server: Server
) -> None:
    page = await (await new_context()).new_page()
    follows = asyncio.Event()

    async def hold(socket: WebSocketRoute) -> None:
        await follows.wait()
        socket.connect_to_server()

    await page.route_web_socket("**/hitl/ws", hold)
    app = await open_app(page=page)
    await app.becomes(TOTAL, await waiting(server))
    added(server, 1)
    follows.set()
    await app.becomes(TOTAL, await waiting(server))
    assert await app.heard() == []


async def test_everything_is_read_again_if_events_cannot_be_replayed(
    open_app: OpenApp, site: Site, server: Server, proxy: Proxy
) -> None:
    app = await open_app(proxy.origin)
    await app.status_becomes("live")
    before = added(server, 1)
    await app.hears(before)
    proxy.refuse(True)
    proxy.cut()
    await app.status_becomes("stale")
    added(server, 2)
    site.execute("DELETE FROM realtime_event")
    proxy.refuse(False)
    await app.status_becomes("live")
    await app.becomes(TOTAL, await waiting(server))
    await app.hears(before + added(server, 1))


# -- Who may not stay -------------------------------------------------------------------------


async def test_user_who_signs_in_again_resumes(
    open_app: OpenApp, new_context: NewContext, server: Server, proxy: Proxy
) -> None:
    context = await new_context()
    app = await open_app(proxy.origin, page=await context.new_page())
    await app.status_becomes("live")
    cookies = await take_cookies(context)
    proxy.cut()
    await app.status_becomes("refused")
    told = added(server, 2)
    await context.add_cookies(cookies)
    await app.page.get_by_role("button", name="Retry").click()
    await app.hears(told)
    await app.status_becomes("live")


async def test_channels_that_the_user_may_not_read_are_named(
    open_app: OpenApp, new_context: NewContext, server: Server
) -> None:
    page = await (await new_context("pipeline")).new_page()
    app = await open_app(page=page)
    await app.status_becomes("live")
    await app.becomes("document.querySelector('section').dataset.forbidden", "decisions,stats")
    await app.hears(added(server, 1))
