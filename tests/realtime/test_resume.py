"""Resuming from a position: missed events are replayed, or the client must reload."""

import asyncio
from typing import Any

import pytest

from tests.support.site import Server, Site, Socket, add


@pytest.fixture
def server(uvicorn_server: Server) -> Server:
    return uvicorn_server


async def position(server: Server, channel: str = "apvs") -> dict[str, Any]:
    async with server.socket() as socket:
        return dict((await socket.subscribe(channel))["positions"][channel])


async def resume(socket: Socket, since: dict[str, Any], channel: str = "apvs") -> dict[str, Any]:
    return await socket.subscribe(channel, since={channel: since})


async def test_missed_events_are_replayed_in_order_and_then_live_ones_come(server: Server) -> None:
    since = await position(server)
    missed = add(server, 16)
    async with server.socket() as socket:
        confirmed = await resume(socket, since)
        assert confirmed["recovered"] == {"apvs": True}
        assert confirmed["reason"] == {}
        top = {"epoch": since["epoch"], "offset": since["offset"] + 16}
        assert confirmed["positions"] == {"apvs": top}
        live = add(server, 4)
        heard = [await socket.receive() for _ in range(20)]
    assert [one["apv_id"] for one in heard] == missed + live
    first = since["offset"] + 1
    assert [one["offset"] for one in heard] == list(range(first, first + 20))


async def test_replayed_message_is_the_text_that_was_sent_live(server: Server) -> None:
    async with server.socket() as socket:
        since = (await socket.subscribe("apvs"))["positions"]["apvs"]
        add(server, 1)
        live = await socket.connection.recv()
    async with server.socket() as socket:
        await resume(socket, since)
        assert await socket.connection.recv() == live


async def test_nothing_missed_is_recovered_without_a_replay(server: Server) -> None:
    async with server.socket() as socket:
        confirmed = await resume(socket, await position(server))
        assert confirmed["recovered"] == {"apvs": True}
        assert await socket.heard_before_pong() == []


async def test_position_of_another_history_is_not_recovered(server: Server) -> None:
    since = await position(server)
    async with server.socket() as socket:
        confirmed = await resume(socket, {**since, "epoch": "another"})
        assert confirmed["recovered"] == {"apvs": False}
        assert confirmed["reason"] == {"apvs": "epoch"}
        assert await socket.heard_before_pong() == []
        [later] = add(server, 1)
        assert (await socket.receive())["apv_id"] == later


async def test_position_beyond_the_top_is_not_recovered(server: Server) -> None:
    since = await position(server)
    async with server.socket() as socket:
        confirmed = await resume(socket, {**since, "offset": since["offset"] + 1})
        assert confirmed["reason"] == {"apvs": "ahead"}


async def test_more_than_the_limit_is_not_replayed(site: Site) -> None:
    with site.uvicorn(HITL_REPLAY_LIMIT="5") as server:
        since = await position(server)
        add(server, 5)
        async with server.socket() as socket:
            assert (await resume(socket, since))["recovered"] == {"apvs": True}
        add(server, 1)
        async with server.socket() as socket:
            confirmed = await resume(socket, since)
            assert confirmed["recovered"] == {"apvs": False}
            assert confirmed["reason"] == {"apvs": "too_far"}


async def test_only_logs_that_are_asked_for_are_answered(server: Server) -> None:
    since = await position(server)
    async with server.socket() as socket:
        every = {"apvs": since, "stats": since, "weather": since}
        confirmed = await socket.subscribe("stats", "decisions", "weather", since=every)
        assert confirmed["recovered"] == {}
        assert set(confirmed["positions"]) == {"decisions"}


async def test_subscribing_again_from_a_position_fills_a_hole_once(server: Server) -> None:
    async with server.socket() as socket:
        since = (await socket.subscribe("apvs"))["positions"]["apvs"]
        first = add(server, 3)
        assert [(await socket.receive())["apv_id"] for _ in first] == first
        await resume(socket, {**since, "offset": since["offset"] + 1})
        assert [(await socket.receive())["apv_id"] for _ in first[1:]] == first[1:]
        [later] = add(server, 1)
        assert [one["apv_id"] for one in [await socket.receive()]] == [later]
        assert await socket.heard_before_pong() == []


async def test_joint_of_replay_and_live_neither_loses_nor_doubles(server: Server) -> None:
    """Clients subscribe at all moments of a steady stream; each must get every event once."""
    since = await position(server)
    total = 120

    reached = {number: asyncio.Event() for number in range(0, total, 6)}

    async def write() -> None:
        for number in range(0, total, 6):
            reached[number].set()
            await asyncio.to_thread(add, server, 6)

    async def join(number: int) -> list[int]:
        async with server.socket() as socket:
            await reached[number * 6].wait()
            await resume(socket, since)
            return [(await socket.receive())["offset"] for _ in range(total)]

    _, *heard = await asyncio.gather(write(), *[join(number) for number in range(12)])
    expected = list(range(since["offset"] + 1, since["offset"] + total + 1))
    assert all(offsets == expected for offsets in heard)


async def test_many_clients_resuming_at_once_neither_exhaust_postgres_nor_delay_live_events(
    server: Server, site: Site
) -> None:
    since = await position(server)
    add(server, 200)
    clients = 300

    async def one() -> list[int]:
        async with server.socket() as socket:
            await resume(socket, since)
            return [(await socket.receive())["offset"] for _ in range(201)]

    sql = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
    [(before,)] = site.rows(sql)

    async def watch() -> int:
        most = 0
        while not done.is_set():
            [(now,)] = await asyncio.to_thread(site.rows, sql)
            most = max(most, now)
        return most

    done = asyncio.Event()
    watching = asyncio.create_task(watch())
    async with server.socket() as bystander:
        await bystander.subscribe("apvs")
        resuming = asyncio.gather(*[one() for _ in range(clients)])
        await asyncio.to_thread(add, server, 1)
        await bystander.until(type="new_apv")
        heard = await asyncio.wait_for(resuming, 120)
    done.set()
    expected = list(range(since["offset"] + 1, since["offset"] + 202))
    assert all(offsets == expected for offsets in heard)
    assert await watching <= before + 20  # the whole pool, besides what others have


async def test_pruned_history_is_not_recovered_and_offsets_go_on(
    server: Server, site: Site
) -> None:
    since = await position(server)
    add(server, 5)
    printed = site.manage("prune_events", "--events", "2")
    assert "apvs:" in printed
    tops = dict(site.rows("SELECT channel, top FROM realtime_counter"))
    assert tops["apvs"] == since["offset"] + 5
    kept = site.rows("SELECT \"offset\" FROM realtime_event WHERE channel = 'apvs' ORDER BY 1")
    assert [offset for (offset,) in kept] == [tops["apvs"] - 1, tops["apvs"]]
    async with server.socket() as socket:
        confirmed = await resume(socket, since)
        assert confirmed["recovered"] == {"apvs": False}
        assert confirmed["reason"] == {"apvs": "truncated"}
        within = {**since, "offset": tops["apvs"] - 2}
        assert (await resume(socket, within))["recovered"] == {"apvs": True}
        assert [(await socket.receive())["offset"] for _ in range(2)] == [
            tops["apvs"] - 1,
            tops["apvs"],
        ]


async def test_old_history_is_pruned_from_its_beginning(server: Server, site: Site) -> None:
    add(server, 3)
    age = "UPDATE realtime_event SET created_at = now() - interval '8 days' WHERE \"offset\" = %s"
    [(top,)] = site.rows("SELECT top FROM realtime_counter WHERE channel = 'apvs'")
    site.execute(age, top - 1)
    site.manage("prune_events")
    kept = site.rows("SELECT \"offset\" FROM realtime_event WHERE channel = 'apvs'")
    assert kept == [(top,)]


async def test_new_epoch_closes_sockets_with_1012_and_is_not_recovered(
    server: Server, site: Site
) -> None:
    since = await position(server)
    async with server.socket() as socket, server.socket("lead") as elsewhere:
        await socket.subscribe("apvs")
        site.manage("renew_epochs")
        assert await socket.close_code() == 1012
        assert (await elsewhere.ask({"type": "ping"}))["type"] == "pong"
    async with server.socket() as socket:
        confirmed = await resume(socket, since)
        assert confirmed["reason"] == {"apvs": "epoch"}
        [later] = add(server, 1)
        assert (await socket.receive())["apv_id"] == later


async def test_position_read_elsewhere_before_this_process_heard_of_it_is_recovered(
    site: Site, server: Server
) -> None:
    """A list read through one process can be ahead of another's hub, which then catches up."""
    async with server.socket() as socket:
        answer = await asyncio.to_thread(server.client().get, "/hitl/reviews?limit=1")
        add(server, 1)
        listed = (await asyncio.to_thread(server.client().get, "/hitl/reviews?limit=1")).json()
        assert listed["positions"]["apvs"]["offset"] > answer.json()["positions"]["apvs"]["offset"]
        confirmed = await resume(socket, listed["positions"]["apvs"])
        assert confirmed["recovered"] == {"apvs": True}
