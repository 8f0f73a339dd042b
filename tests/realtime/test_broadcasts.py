"""What subscribers receive when something changes, through any interface."""

import asyncio
import hashlib
import json
import re
import time
from importlib import import_module
from typing import Any
from uuid import uuid4

import pytest
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import InvalidStatus

from realtime.broker import REST_SECONDS
from tests.support.effort import tries
from tests.support.site import CREATE, Server, Site, Socket

SAVES = tries(300, thorough=1000)
TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")


async def test_added_apv_is_told_with_its_exact_fields(server: Server) -> None:
    async with server.socket() as socket:
        before = (await socket.subscribe("apvs"))["positions"]["apvs"]
        added = server.add_apv(severity="CRITICAL")
        message = await socket.until(type="new_apv", apv_id=added["apv_id"])
    assert TIMESTAMP.fullmatch(message.pop("timestamp"))
    assert message == {
        "type": "new_apv",
        "apv_id": added["apv_id"],
        "apv_code": added["apv_code"],
        "severity": "CRITICAL",
        "cve_id": "CVE-2023-32681",
        "package_name": "requests",
        "channel": "apvs",
        "offset": before["offset"] + 1,
    }


@pytest.mark.parametrize(
    ("kind", "action", "fields"),
    [
        ("approve", "pr_merged", {}),
        ("reject", "pr_closed", {}),
        ("modify", "changes_requested", {"modifications": {"version": "2.32.0"}}),
        ("escalate", "assigned_to_lead", {}),
    ],
)
async def test_decision_is_told_with_its_exact_fields(
    server: Server, kind: str, action: str, fields: dict[str, Any]
) -> None:
    added = server.add_apv()
    async with server.socket() as socket:
        before = (await socket.subscribe("decisions"))["positions"]["decisions"]
        answer = server.decide(added["apv_id"], decision=kind, **fields)
        assert answer.status_code == 200, answer.text
        message = await socket.until(type="decision_made", apv_id=added["apv_id"])
    assert TIMESTAMP.fullmatch(message.pop("timestamp"))
    assert message == {
        "type": "decision_made",
        "decision_id": answer.json()["decision_id"],
        "apv_id": added["apv_id"],
        "apv_code": added["apv_code"],
        "decision": kind,
        "reviewer_name": "Rita Reviewer",
        "action_taken": action,
        "apv_version": added["version"],
        "diff_sha256": hashlib.sha256(added["patch_diff"].encode()).hexdigest(),
        "channel": "decisions",
        "offset": before["offset"] + 1,
    }


async def test_stats_are_told_with_the_numbers_of_the_database(server: Server) -> None:
    added = server.add_apv()
    async with server.socket() as socket:
        await socket.subscribe("stats")
        server.decide(added["apv_id"])
        expected = server.client().get("/hitl/reviews/stats").json()
        message = await socket.until(
            type="stats_update", total_decisions=expected["total_decisions"]
        )
    assert TIMESTAMP.fullmatch(message.pop("timestamp"))
    assert message == {
        "type": "stats_update",
        "pending_reviews": expected["pending_reviews"],
        "total_decisions": expected["total_decisions"],
        "decisions_today": expected["decisions_today"],
    }


async def test_snapshot_follows_the_confirmation(server: Server) -> None:
    async with server.socket() as socket:
        await socket.subscribe("stats", "apvs", snapshot=True)
        assert (await socket.receive())["type"] == "stats_update"


async def test_only_subscribers_of_a_channel_hear_it(server: Server) -> None:
    async with (
        server.socket() as both,
        server.socket("lead") as only_decisions,
        server.socket("pipeline") as only_apvs,
        server.socket() as no_more,
    ):
        await both.subscribe("apvs", "decisions")
        await only_decisions.subscribe("decisions")
        await only_apvs.subscribe("apvs")
        await no_more.subscribe("apvs", "decisions")
        await no_more.ask({"type": "unsubscribe", "channels": ["apvs", "decisions"]})
        added = server.add_apv()
        server.decide(added["apv_id"])
        kinds = [(await both.until(apv_id=added["apv_id"]))["type"] for _ in range(2)]
        assert sorted(kinds) == ["decision_made", "new_apv"]
        assert (await only_decisions.until(apv_id=added["apv_id"]))["type"] == "decision_made"
        assert (await only_apvs.until(apv_id=added["apv_id"]))["type"] == "new_apv"
        assert await no_more.heard_before_pong() == []
        assert await only_apvs.heard_before_pong() == []


async def test_list_of_apvs_is_told_one_by_one_without_a_gap(server: Server, site: Site) -> None:
    async with server.socket() as socket:
        start = (await socket.subscribe("apvs"))["positions"]["apvs"]["offset"]
        answer = server.post("/hitl/apvs", [_apv(n) for n in range(250)], user="pipeline")
        assert answer.status_code == 201
        heard = [await socket.until(type="new_apv") for _ in range(250)]
    assert [one["offset"] for one in heard] == list(range(start + 1, start + 251))
    assert [one["apv_id"] for one in heard] == [one["apv_id"] for one in answer.json()]


def _apv(number: int) -> dict[str, Any]:
    return {"severity": "LOW", "package_name": f"p{number}", "patch_strategy": "version_bump"}


async def test_row_saved_in_another_process_reaches_a_socket(server: Server, site: Site) -> None:
    async with server.socket() as socket:
        await socket.subscribe("apvs")
        printed = site.manage("shell", "-v", "0", "-c", CREATE.format("other-process"))
        message = await socket.until(type="new_apv", package_name="other-process")
        assert message["apv_id"] in printed


async def test_rolled_back_row_is_never_told_and_spends_no_offset(
    server: Server, site: Site
) -> None:
    rolled_back = "\n".join(
        [
            "from django.db import transaction",
            "with transaction.atomic():",
            f"    {CREATE.format('rolled-back')}",
            "    transaction.set_rollback(True)",
        ]
    )
    async with server.socket() as socket:
        start = (await socket.subscribe("apvs"))["positions"]["apvs"]["offset"]
        site.manage("shell", "-v", "0", "-c", rolled_back)
        site.manage("shell", "-v", "0", "-c", CREATE.format("after-rollback"))
        message = await socket.until(type="new_apv")
        assert (message["package_name"], message["offset"]) == ("after-rollback", start + 1)


@pytest.mark.parametrize(
    ("point", "survives"),
    [("realtime.log._event", False), ("realtime.broker.send", True)],
    ids=["before the commit", "after the commit"],
)
async def test_process_killed_midway_leaves_row_and_event_or_neither(
    server: Server, site: Site, point: str, survives: bool
) -> None:
    name = f"killed-{uuid4()}"
    module, function = point.rsplit(".", 1)
    assert hasattr(import_module(module), function)
    killed = (
        f"import os, {module}; {module}.{function} = lambda *_: os._exit(9); {CREATE.format(name)}"
    )
    async with server.socket() as socket:
        start = (await socket.subscribe("apvs"))["positions"]["apvs"]["offset"]
        site.manage("shell", "-v", "0", "-c", killed, check=False)
        rows = site.rows("SELECT 1 FROM reviews_apv WHERE package_name = %s", name)
        events = site.rows("SELECT 1 FROM realtime_event WHERE message LIKE %s", f"%{name}%")
        assert len(rows) == len(events) == int(survives)
        server.add_apv(package_name="next")
        heard = [await socket.until(type="new_apv") for _ in range(1 + survives)]
    assert [one["package_name"] for one in heard] == [name, "next"][1 - survives :]
    assert [one["offset"] for one in heard] == list(range(start + 1, start + 2 + survives))


async def test_edit_in_the_shell_reaches_the_stats(server: Server, site: Site) -> None:
    async with server.socket() as socket:
        await socket.subscribe("stats", snapshot=True)
        name = f"to-edit-{uuid4()}"
        site.manage("shell", "-v", "0", "-c", CREATE.format(name))
        [(pending,)] = site.rows("SELECT count(*) FROM reviews_apv WHERE status = 'pending'")
        await socket.until(type="stats_update", pending_reviews=pending)
        one = f"APV.objects.filter(package_name='{name}')"
        code = f"from reviews.models import APV; {one}.update(status='rejected')"
        site.manage("shell", "-v", "0", "-c", code)
        await socket.until(type="stats_update", pending_reviews=pending - 1)


async def test_many_saves_make_few_updates_of_the_stats_and_the_last_is_right(
    server: Server, site: Site
) -> None:
    """At most one in REST_SECONDS, for any number of saves."""
    saves = f"for _ in range({SAVES}):\n    {CREATE.format('many')}\n"
    [(pending,)] = site.rows("SELECT count(*) FROM reviews_apv WHERE status = 'pending'")
    async with server.socket() as socket:
        await socket.subscribe("stats")
        began = time.monotonic()
        saving = asyncio.create_task(
            asyncio.to_thread(site.manage, "shell", "-v", "0", "-c", saves)
        )
        updates = 1
        while (await socket.until(type="stats_update"))["pending_reviews"] != pending + SAVES:
            updates += 1
        seconds = time.monotonic() - began
        await saving
    assert 1 < updates <= seconds / REST_SECONDS + 3


COUNTED = """
SELECT count(*) FROM reviews_decision AS made
WHERE action_taken <> 'awaiting_approval'
    AND NOT EXISTS (SELECT FROM reviews_retraction WHERE decision_id = made.decision_id)
"""
"""Counts the decisions of which the statistics tell."""


async def test_hasty_decisions_make_few_updates_of_the_stats_and_the_last_is_right(
    server: Server, site: Site
) -> None:
    added = [server.add_apv()["apv_id"] for _ in range(30)]
    async with server.socket() as socket:
        await socket.subscribe("stats")
        began = time.monotonic()
        for apv_id in added:
            await asyncio.to_thread(server.decide, apv_id)
        [(decisions,)] = site.rows(COUNTED)
        updates = 1
        while (await socket.until(type="stats_update"))["total_decisions"] != decisions:
            updates += 1
        seconds = time.monotonic() - began
    assert 1 < updates <= seconds / REST_SECONDS + 2


class Pieces(ClientConnection):
    """A connection that keeps what it reads from the system, in the pieces that arrived."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.pieces: list[bytes] = []

    def data_received(self, data: bytes) -> None:
        self.pieces.append(data)
        super().data_received(data)


async def test_event_and_the_state_it_changed_leave_in_one_write(uvicorn_server: Server) -> None:
    """Unless the value was sent just before, as it is when a poll finds that time has passed."""
    added = [uvicorn_server.add_apv()["apv_id"] for _ in range(5)]
    async with uvicorn_server.raw_socket(create_connection=Pieces) as connection:
        assert isinstance(connection, Pieces)
        socket = Socket(connection)
        await socket.receive()
        await socket.subscribe("decisions", "stats", snapshot=True)
        before = (await socket.until(type="stats_update"))["total_decisions"]
        for number, apv_id in enumerate(added, start=1):
            await asyncio.to_thread(uvicorn_server.decide, apv_id)
            await socket.until(type="stats_update", total_decisions=before + number)
            await asyncio.sleep(REST_SECONDS)
    told = [piece for piece in connection.pieces if b'"decision_made"' in piece]
    assert len(told) == len(added)
    assert any(b'"stats_update"' in piece for piece in told)


async def test_page_of_another_origin_is_refused_before_the_upgrade(server: Server) -> None:
    host = server.origin.removeprefix("http://")
    for origin in ("https://evil.example", f"https://{host}", "http://127.0.0.1", "null"):
        with pytest.raises(InvalidStatus) as refused:
            async with server.raw_socket(origin=origin):
                pass
        assert refused.value.response.status_code == 403


async def test_messages_are_the_same_text_live_and_in_the_log(server: Server, site: Site) -> None:
    async with server.socket() as socket:
        await socket.subscribe("apvs")
        added = server.add_apv()
        message = await socket.until(apv_id=added["apv_id"])
        stored = site.rows(
            'SELECT message FROM realtime_event WHERE channel = %s AND "offset" = %s',
            "apvs",
            message["offset"],
        )
    assert json.loads(stored[0][0]) == message
