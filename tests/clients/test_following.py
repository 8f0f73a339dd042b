"""The Python client follows channels: at least once, in order, whatever happens to the line."""

import asyncio
import contextlib
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from hitl_client import AsyncClient, NewAPV, NoLongerAllowed, Reload, StatsUpdate, errors
from hitl_client.model import Message
from tests.support.both_clients import Connect
from tests.support.people import issue, move_to_group, new_user
from tests.support.proxy import Proxy
from tests.support.site import ROOT, Server, Site, add, serving
from tests.support.waiting import ANSWER_SECONDS, START_SECONDS, until, wait_for

CLIENT = ROOT / "clients" / "python"
Heard = list[Message]


@contextlib.asynccontextmanager
async def following(client: AsyncClient, *channels: str, **options: Any) -> AsyncIterator[Heard]:
    """Follow channels in the background; return the list that grows."""
    heard: Heard = []

    async def follow() -> None:
        async for message in client.follow(*channels, **options):
            heard.append(message)

    task = asyncio.create_task(follow())
    try:
        yield heard
    finally:
        if not task.done():
            task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


def ids(heard: Heard) -> list[str]:
    return [str(one.apv_id) for one in heard if isinstance(one, NewAPV)]


# -- Events -----------------------------------------------------------------------------------


def test_events_after_a_page_come_in_order_and_once(connect: Connect, server: Server) -> None:
    reviewer = connect()
    since = reviewer.queue_page(limit=1).positions
    added = add(server, 20)
    heard = reviewer.followed(20, "apvs", since=since)
    assert ids(heard) == added
    assert [one.offset for one in heard] == [since["apvs"].offset + n for n in range(1, 21)]


def test_several_channels_are_followed_at_once(connect: Connect, server: Server) -> None:
    reviewer = connect()
    since = reviewer.queue_page(limit=1).positions
    [added] = add(server, 1)
    server.decide(added)
    heard = reviewer.followed(3, "apvs", "decisions", "changes", since=since)
    assert {one.type for one in heard} == {"new_apv", "decision_made", "effect_changed"}
    assert {str(one.apv_id) for one in heard} == {added}


def test_last_value_comes_at_once(connect: Connect) -> None:
    [stats] = connect().followed(1, "stats")
    assert isinstance(stats, StatsUpdate)


def test_no_channel_at_all_is_refused(connect: Connect) -> None:
    with pytest.raises(errors.Misconfigured):
        connect().followed(1)


# -- Positions in a file ----------------------------------------------------------------------


def test_following_goes_on_where_the_file_says(
    connect: Connect, server: Server, tmp_path: Path
) -> None:
    file, reviewer = tmp_path / "positions.json", connect()
    since = reviewer.queue_page(limit=1).positions
    added = add(server, 6)
    assert ids(reviewer.followed(4, "apvs", since=since, positions=file)) == added[:4]
    # The fourth was the last that it got, and nobody knows whether it was handled.
    assert ids(reviewer.followed(3, "apvs", since=since, positions=file)) == added[3:]


def test_file_is_there_before_the_first_event(
    connect: Connect, server: Server, tmp_path: Path
) -> None:
    """What happens between the first start and the next one is not lost."""
    file, reviewer = tmp_path / "positions.json", connect()
    reviewer.followed(1, "stats", "apvs", positions=file)
    assert "apvs" in json.loads(file.read_text())
    added = add(server, 2)
    assert ids(reviewer.followed(2, "apvs", positions=file)) == added


@pytest.mark.parametrize("text", ["", "{", "[]", '{"apvs": 1}', '{"apvs": {"epoch": "x"}}'])
def test_damaged_file_is_named_and_left_alone(connect: Connect, tmp_path: Path, text: str) -> None:
    file = tmp_path / "positions.json"
    file.write_text(text)
    with pytest.raises(errors.PositionsUnreadable, match=r"positions\.json: it is damaged"):
        connect().followed(1, "stats", positions=file)
    assert file.read_text() == text


def test_file_that_cannot_be_written_is_named(connect: Connect, tmp_path: Path) -> None:
    with pytest.raises(errors.PositionsUnreadable, match="cannot be written"):
        connect().followed(1, "apvs", "stats", positions=tmp_path / "none" / "positions.json")


FOLLOWER = """
import sys
from hitl_client import Client
with Client() as hitl:
    for event in hitl.follow("apvs", positions=sys.argv[1]):
        with open(sys.argv[2], "a") as file:
            file.write(f"{event.offset} {event.apv_id}\\n")
"""


def test_killed_follower_handles_every_event_at_least_once_and_in_order(
    server: Server, tokens: dict[str, str], tmp_path: Path
) -> None:
    positions, handled = tmp_path / "positions.json", tmp_path / "handled"
    handled.touch()
    environment = {
        **os.environ,
        "HITL_URL": server.origin,
        "HITL_TOKEN": tokens["reviewer"],
        "PYTHONPATH": str(CLIENT),
    }
    command = [sys.executable, "-c", FOLLOWER, str(positions), str(handled)]

    def lines() -> list[list[str]]:
        return [line.split() for line in handled.read_text().splitlines()]

    def reach(count: int) -> None:
        wait_for(lambda: len({one for _, one in lines()}) >= count, "events", START_SECONDS)

    added: list[str] = []
    for _ in range(4):
        process = subprocess.Popen(command, env=environment)
        try:
            wait_for(positions.exists, "the first position", START_SECONDS)
            added += add(server, 30)
            reach(len(added) - 20)  # as a rule it is killed before it has handled the others
        finally:
            process.kill()
            process.wait()
    process = subprocess.Popen(command, env=environment)
    try:
        reach(len(added))
    finally:
        process.kill()
        process.wait()
    assert list(dict.fromkeys(one for _, one in lines())) == added
    assert len(lines()) <= len(added) + 4, "each kill repeats one event at most"


# -- The line and the server ------------------------------------------------------------------


async def test_server_that_is_killed_and_restarted_loses_and_doubles_nothing(
    site: Site, tokens: dict[str, str]
) -> None:
    added: list[str] = []
    async with serving(site) as first:
        port = int(first.origin.rpartition(":")[2])
        async with AsyncClient(first.origin, tokens["reviewer"]) as client:
            since = (await client.queue_page(limit=1)).positions
            async with following(client, "apvs", since=since) as heard:
                added += await asyncio.to_thread(add, first, 30)
                await until(lambda: len(heard) > 5)
                first.process.kill()
                await asyncio.to_thread(first.process.wait)
                async with serving(site, port) as second:
                    added += await asyncio.to_thread(add, second, 30)
                    await until(lambda: len(heard) >= len(added))
                    added += await asyncio.to_thread(add, second, 10)
                    await until(lambda: len(heard) >= len(added))
    assert ids(heard) == added


async def test_cut_refused_and_silent_lines_lose_and_double_nothing(
    server: Server, tokens: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hitl_client.line.PING_SECONDS", 0.5)
    monkeypatch.setattr("hitl_client.line.ANSWER_SECONDS", 1.0)
    added: list[str] = []
    async with (
        Proxy(int(server.origin.rpartition(":")[2])) as proxy,
        AsyncClient(proxy.origin, tokens["reviewer"]) as client,
    ):
        since = (await client.queue_page(limit=1)).positions
        async with following(client, "apvs", since=since) as heard:

            async def more() -> None:
                nonlocal added
                added += await asyncio.to_thread(add, server, 10)

            async def all_heard() -> None:
                await until(lambda: len(heard) >= len(added))

            await more()
            await all_heard()
            for _ in range(3):
                await more()
                proxy.cut()
                await more()
                await all_heard()
            proxy.refuse(True)
            proxy.cut()
            before = proxy.attempts
            await more()
            await until(lambda: proxy.attempts >= before + 3)
            proxy.refuse(False)
            await all_heard()
            proxy.forget()  # no end comes: only pings show that the line is dead
            await more()
            await all_heard()
    assert ids(heard) == added


# -- What the server cannot replay ------------------------------------------------------------


def test_history_that_was_replaced_is_told_and_followed_on(
    connect: Connect, site: Site, server: Server, tmp_path: Path
) -> None:
    file, reviewer = tmp_path / "positions.json", connect()
    reviewer.followed(1, "stats", "apvs", positions=file)
    site.manage("renew_epochs")
    [reload] = reviewer.followed(1, "apvs", positions=file)
    assert isinstance(reload, Reload)
    assert (reload.channel, reload.reason) == ("apvs", "epoch")
    # It was not handled to the end, so it is told again.
    [again] = reviewer.followed(1, "apvs", positions=file)
    assert isinstance(again, Reload)
    later = add(server, 2)
    heard = reviewer.followed(2, "apvs", since={"apvs": again.position})
    assert ids(heard) == later


def test_more_than_the_server_replays_is_told(connect: Connect, start: Any, tmp_path: Path) -> None:
    with start(HITL_REPLAY_LIMIT="5") as server:
        reviewer = connect(url=server.origin)
        since = reviewer.queue_page(limit=1).positions
        add(server, 6)
        [reload] = reviewer.followed(1, "apvs", since=since)
        assert (reload.reason, reload.position.offset) == ("too_far", since["apvs"].offset + 6)


async def test_new_epoch_while_following_is_told_and_followed_on(
    site: Site, server: Server, tokens: dict[str, str]
) -> None:
    async with (
        AsyncClient(server.origin, tokens["reviewer"]) as client,
        following(client, "apvs", "stats") as heard,
    ):
        await until(lambda: len(heard) > 0)
        await asyncio.to_thread(site.manage, "renew_epochs")
        await until(lambda: any(isinstance(one, Reload) for one in heard))
        added = await asyncio.to_thread(add, server, 2)
        await until(lambda: ids(heard)[-2:] == added)


# -- Credentials and permissions --------------------------------------------------------------


def test_bad_token_ends_following(connect: Connect) -> None:
    with pytest.raises(errors.SignedOut) as ended:
        connect(token="hitl_" + "0" * 64).followed(1, "apvs")
    assert (ended.value.code, ended.value.reason) == (1008, "Invalid token")


async def test_revoked_token_ends_following(site: Site, server: Server) -> None:
    user = new_user(site)
    rows = f"AuthToken.objects.filter(user__username={user!r})"
    revoke = f"from knox.models import AuthToken; {rows}.delete()"

    async def follow() -> None:
        async with AsyncClient(server.origin, issue(site, user)) as client:
            async for _ in client.follow("stats"):
                await asyncio.to_thread(site.manage, "shell", "-v", "0", "-c", revoke)

    with pytest.raises(errors.SignedOut) as ended:
        await asyncio.wait_for(follow(), ANSWER_SECONDS)
    assert ended.value.code == 4401


def test_channels_that_the_user_may_not_read_are_told_and_left_out(
    connect: Connect, server: Server
) -> None:
    pipeline = connect("pipeline")
    since = pipeline.apvs_page(limit=1).positions
    [added] = add(server, 1)
    told, event = pipeline.followed(2, "apvs", "decisions", since=since)
    assert isinstance(told, NoLongerAllowed)
    assert told.channels == ["decisions"]
    assert str(event.apv_id) == added


def test_user_who_may_read_none_is_refused(connect: Connect) -> None:
    with pytest.raises(errors.Forbidden, match="decisions"):
        connect("pipeline").followed(1, "decisions")


async def test_lost_permission_leaves_the_other_channels(site: Site, server: Server) -> None:
    user = new_user(site)
    async with (
        AsyncClient(server.origin, issue(site, user)) as client,
        following(client, "apvs", "decisions", "stats") as heard,
    ):
        await until(lambda: len(heard) > 0)
        await asyncio.to_thread(move_to_group, site, user, "pipelines")
        await until(lambda: any(isinstance(one, NoLongerAllowed) for one in heard))
        [added] = await asyncio.to_thread(add, server, 1)
        await until(lambda: added in ids(heard))


def test_wrong_address_is_said_at_once(connect: Connect, server: Server) -> None:
    with pytest.raises(errors.HITLError, match=r"no socket of a console|refused the connection"):
        connect(url=f"{server.origin}/elsewhere").followed(1, "apvs")


def test_unknown_names_are_those_of_a_newer_client(connect: Connect) -> None:
    """The server confirms channels that it does not know; the others go on."""
    [stats] = connect().followed(1, "weather", "stats")
    assert stats.type == "stats_update"


def test_too_many_channels_are_refused_by_name(connect: Connect) -> None:
    with pytest.raises(errors.RequestRefused) as refused:
        connect().followed(1, *[f"channel-{uuid4()}" for _ in range(65)])
    assert refused.value.code == "TOO_MANY_CHANNELS"
