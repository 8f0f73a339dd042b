"""Peers that vanish: no FIN, no RST, no answer."""

import asyncio
import re

from tests.support.metrics import open_connections
from tests.support.proxy import Proxy
from tests.support.site import Start
from tests.support.waiting import wait_for


async def test_peer_that_vanished_is_noticed_and_one_that_is_silent_stays(start: Start) -> None:
    with start(HITL_WS_PING_SECONDS="1") as server:
        async with (
            Proxy(int(server.origin.rsplit(":", 1)[1])) as line,
            server.socket("lead") as silent,
            server.socket(uri=f"ws://127.0.0.1:{line.port}/hitl/ws", origin=line.origin) as lost,
        ):
            assert open_connections(server) == 2
            line.forget()
            await asyncio.to_thread(
                wait_for, lambda: open_connections(server) == 1, "the peer to be noticed"
            )
            assert (await silent.ask({"type": "ping"}))["type"] == "pong"
            lost.connection.transport.abort()
    assert re.search('"code": (4408|1006)', server.printed())
