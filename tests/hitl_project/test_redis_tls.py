"""Redis over TLS: with a certificate that is trusted, and with another."""

import asyncio
import re
from collections.abc import Iterator

import pytest

from tests.support.redis_server import RedisServer
from tests.support.site import Site
from tests.support.tls_relay import Relay, tls_relay
from tests.support.waiting import wait_for


@pytest.fixture(scope="module")
def redis() -> Iterator[RedisServer]:
    server = RedisServer()
    yield server
    server.remove()


@pytest.fixture
def relay(redis: RedisServer) -> Iterator[Relay]:
    with tls_relay(redis.socket) as relay:
        yield relay


async def test_servers_hear_of_each_other_by_a_redis_that_speaks_tls(
    site: Site, redis: RedisServer, relay: Relay
) -> None:
    url = f"rediss://127.0.0.1:{relay.port}/0?ssl_ca_certs={relay.authority}"
    with site.uvicorn(REDIS_URL=url) as server, site.uvicorn(REDIS_URL=url) as other:
        async with server.socket("admin") as socket, other.socket("admin"):
            await socket.subscribe("decisions")
            with redis.client() as client:

                def listeners() -> int:
                    [group] = client.pubsub_channels("*decisions") or [b""]
                    return int(client.pubsub_numsub(group)[0][1])

                await asyncio.to_thread(wait_for, lambda: listeners() == 2, "both to listen")
            apv = other.add_apv()
            assert other.decide(apv["apv_id"]).status_code == 200
            assert (await socket.until(type="decision_made"))["apv_id"] == apv["apv_id"]
    assert "Redis does not answer" not in server.printed()


def test_certificate_that_nobody_trusts_is_told_at_the_start(site: Site, relay: Relay) -> None:
    url = f"rediss://127.0.0.1:{relay.port}/0"
    with site.uvicorn(REDIS_URL=url) as server:
        assert server.decide(server.add_apv()["apv_id"]).status_code == 200
        printed = server.printed()
    assert f"Redis does not answer at rediss://127.0.0.1:{relay.port}/0" in printed
    assert re.search("self.signed certificate", printed)
