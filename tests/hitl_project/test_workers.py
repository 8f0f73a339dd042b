"""`serve --workers`: several processes on one port, each with its own hub."""

import asyncio
import json
import signal
from collections.abc import Iterator

import psutil
import pytest
from picows import WSFrame, WSListener, WSMsgType, WSTransport, ws_connect

from tests.support.processes import workers
from tests.support.site import Server, Site
from tests.support.waiting import until, wait_for

SOCKETS = 1000


@pytest.fixture
def server(site: Site) -> Iterator[Server]:
    with site.uvicorn(WORKERS="2") as server:
        yield server


def sockets_of(process: psutil.Process, server: Server) -> int:
    """Return how many connections to the server's port a process has."""
    port = int(server.origin.rsplit(":", 1)[1])
    return sum(
        one.status == psutil.CONN_ESTABLISHED and one.laddr.port == port
        for one in process.net_connections("tcp")
    )


class Listener(WSListener):
    """Subscribes, and keeps the decisions it receives."""

    def __init__(self) -> None:
        self.subscribed = False
        self.heard: list[str] = []

    def on_ws_connected(self, transport: WSTransport) -> None:
        self.transport = transport
        transport.send(WSMsgType.TEXT, b'{"type":"subscribe","channels":["decisions"]}')

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type is WSMsgType.TEXT:
            message = json.loads(frame.get_payload_as_bytes())
            self.subscribed |= message["type"] == "subscription_confirmed"
            if message["type"] == "decision_made":
                self.heard.append(message["decision_id"])


async def subscribe_many(server: Server, count: int) -> list[Listener]:
    headers = {"Origin": server.origin}
    headers["Cookie"] = f"hitl_session={server.client('lead').cookies['hitl_session']}"
    listeners = [Listener() for _ in range(count)]
    for start in range(0, count, 50):
        few = listeners[start : start + 50]
        opening = [ws_connect(lambda one=one: one, server.ws, extra_headers=headers) for one in few]
        await asyncio.gather(*opening)
    await until(lambda: all(one.subscribed for one in listeners))
    return listeners


async def test_a_thousand_sockets_over_two_processes_all_hear_every_decision(
    server: Server,
) -> None:
    listeners = await subscribe_many(server, SOCKETS)
    shares = [sockets_of(one, server) for one in workers(server)]
    assert len(shares) == 2
    assert min(shares) > SOCKETS / 20, shares
    made = []
    for _ in range(5):
        added = await asyncio.to_thread(server.add_apv)
        answer = await asyncio.to_thread(server.decide, added["apv_id"])
        made.append(answer.json()["decision_id"])
    await until(lambda: all(len(one.heard) == len(made) for one in listeners))
    assert all(one.heard == made for one in listeners)
    for one in listeners:
        one.transport.disconnect(graceful=False)


async def test_worker_that_dies_is_replaced(server: Server) -> None:
    before = {one.pid for one in workers(server)}
    psutil.Process(min(before)).send_signal(signal.SIGKILL)
    wait_for(
        lambda: len(after := {one.pid for one in workers(server)}) == 2 and after != before,
        "another worker",
        60,
    )
    wait_for(server.answers, "an answer")
    async with server.socket() as socket:
        await socket.subscribe("apvs")
        added = await asyncio.to_thread(server.add_apv)
        await socket.until(apv_id=added["apv_id"])
