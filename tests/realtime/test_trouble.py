"""Sockets and events while something else fails."""

import asyncio
import json
import socket as sockets
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import httpx
import psycopg
import pytest

from tests.support.metrics import open_connections
from tests.support.proxy import RESET
from tests.support.site import CREATE, Server, Site, apv, decision
from tests.support.waiting import wait_for


@pytest.fixture
def server(uvicorn_server: Server) -> Server:
    return uvicorn_server


def test_sockets_that_end_in_the_handshake_are_not_counted(server: Server) -> None:
    before = open_connections(server)
    port = int(server.origin.rsplit(":", 1)[1])
    cookie = server.client().cookies["hitl_session"]
    upgrade = (
        f"GET /hitl/ws HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nOrigin: {server.origin}\r\n"
        "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        f"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nCookie: hitl_session={cookie}\r\n\r\n"
    )
    for _ in range(40):
        line = sockets.create_connection(("127.0.0.1", port))
        line.sendall(upgrade.encode())
        line.setsockopt(sockets.SOL_SOCKET, sockets.SO_LINGER, RESET)
        line.close()
    wait_for(lambda: open_connections(server) == before, "the count to return")


async def test_requests_that_wait_for_a_lock_hold_up_neither_sockets_nor_news(
    server: Server, site: Site
) -> None:
    locked = server.add_apv()["apv_id"]
    session = server.client()

    def decide(_: int) -> int:
        with httpx.Client(cookies=session.cookies, headers=session.headers, timeout=90) as client:
            return client.post(f"{server.origin}/hitl/decisions", json=decision(locked)).status_code

    async with server.socket() as socket:
        await socket.subscribe("apvs")
        with psycopg.connect(site.database_url) as holder, ThreadPoolExecutor(30) as pool:
            holder.execute("SELECT 1 FROM reviews_apv WHERE apv_id = %s FOR UPDATE", [locked])
            answers = [pool.submit(decide, number) for number in range(30)]
            waiting = "SELECT 1 FROM pg_locks WHERE NOT granted"
            await asyncio.to_thread(wait_for, lambda: site.rows(waiting), "requests to wait")
            name = f"meanwhile-{uuid4()}"
            await asyncio.to_thread(site.manage, "shell", "-v", "0", "-c", CREATE.format(name))
            await socket.until(type="new_apv", package_name=name)
            async with server.socket("lead") as another:
                assert (await another.ask({"type": "ping"}))["type"] == "pong"
            assert server.answers()
            assert not all(one.done() for one in answers)
            holder.rollback()
            statuses = [await asyncio.wrap_future(one) for one in answers]
    assert set(statuses) <= {200, 409, 503}
    assert statuses.count(200) <= 1


async def test_leftovers_of_another_history_in_the_layer_are_not_told(
    server: Server, site: Site
) -> None:
    async with server.socket() as socket:
        top = (await socket.subscribe("apvs"))["positions"]["apvs"]
        stale = {
            "type": "log.events",
            "channel": "apvs",
            "epoch": "an-older-one",
            "events": [[top["offset"] + 1, json.dumps({"type": "new_apv", "stale": True})]],
        }
        code = (
            "from asgiref.sync import async_to_sync; from channels.layers import get_channel_layer;"
            f"async_to_sync(get_channel_layer().group_send)('apvs', {stale!r})"
        )
        await asyncio.to_thread(site.manage, "shell", "-v", "0", "-c", code)
        added = await asyncio.to_thread(server.add_apv)
        message = await socket.receive()
        assert (message["apv_id"], message["offset"]) == (added["apv_id"], top["offset"] + 1)


async def test_log_that_shrank_without_a_new_epoch_is_told_plainly(
    server: Server, site: Site
) -> None:
    """A backup was restored without renew_epochs: earlier positions are not valid."""
    for _ in range(2):
        server.add_apv()
    async with server.socket() as socket:
        await socket.subscribe("apvs")
        site.execute("DELETE FROM realtime_event WHERE channel = 'apvs'")
        site.execute("UPDATE realtime_counter SET top = top - 1 WHERE channel = 'apvs'")
        assert await socket.close_code() == 1012


def test_codes_given_and_codes_made_at_once_never_fail(server: Server) -> None:
    session = server.client("pipeline")
    prefix, last = server.add_apv()["apv_code"].rsplit("-", 1)

    def add(number: int) -> int:
        given = {"apv_code": f"{prefix}-{int(last) + 1 + number // 2:03d}"} if number % 2 else {}
        with httpx.Client(cookies=session.cookies, headers=session.headers, timeout=60) as client:
            return client.post(f"{server.origin}/hitl/apvs", json=apv(**given)).status_code

    with ThreadPoolExecutor(8) as pool:
        statuses = set(pool.map(add, range(40)))
    assert statuses <= {201, 409}


async def test_decision_during_an_edit_in_the_admin_is_not_undone(
    server: Server, site: Site
) -> None:
    """The edit waits for a running decision, and then finds the APV decided."""
    one = server.add_apv()
    page = f"/admin/reviews/apv/{one['apv_id']}/change/"
    empty = {"decisions-TOTAL_FORMS": "0", "decisions-INITIAL_FORMS": "0"}
    form = {"apv_code": one["apv_code"], "severity": "LOW", "package_name": "x", **empty}
    form["patch_strategy"] = "version_bump"
    session = server.client("admin")
    form["csrfmiddlewaretoken"] = session.cookies["csrftoken"]
    with psycopg.connect(site.database_url) as deciding:
        deciding.execute(
            "UPDATE reviews_apv SET status = 'approved', version = 2 WHERE apv_id = %s",
            [one["apv_id"]],
        )
        editing = asyncio.create_task(asyncio.to_thread(session.post, page, data=form))
        waiting = "SELECT 1 FROM pg_locks WHERE NOT granted"
        await asyncio.to_thread(wait_for, lambda: site.rows(waiting), "the edit to wait")
        deciding.commit()
    assert (await editing).status_code == 403
    sql = "SELECT status, version, severity FROM reviews_apv WHERE apv_id = %s"
    assert site.rows(sql, one["apv_id"]) == [("approved", 2, "HIGH")]
