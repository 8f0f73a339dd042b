"""The channel layer goes to the master that Sentinels name, also after it changed."""

import asyncio
import signal

import pytest
from django.core.exceptions import ImproperlyConfigured

from hitl_project.redis_servers import layer_host, redis_url, sentinels
from tests.support.sentinels import SentinelGroup, sentinel_group
from tests.support.site import Server, Site, Socket
from tests.support.waiting import START_SECONDS, wait_for

MOVE_SECONDS = 60


def listeners(group: SentinelGroup, number: int) -> int:
    """Return how many processes a server tells of decisions."""
    with group.client(number) as client:
        groups = client.pubsub_channels("*decisions")
        return sum(count for _, count in client.pubsub_numsub(*groups))


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP])
async def test_servers_follow_the_master_when_it_dies_or_is_frozen(how: signal.Signals) -> None:
    site = Site(f"sentinels-{how.name.lower()}")
    with (
        sentinel_group() as group,
        site.uvicorn(REDIS_URL=group.url) as server,
        site.uvicorn(REDIS_URL=group.url) as other,
    ):
        async with server.socket("admin") as socket, other.socket("admin"):
            await socket.subscribe("decisions")
            await told(other, socket)
            assert listeners(group, 0) == 2
            group.servers[0].send_signal(how)
            await told(other, socket)  # by the log
            await asyncio.to_thread(
                wait_for, lambda: group.is_master(1), "the new master", START_SECONDS
            )
            await told(other, socket)
            await asyncio.to_thread(
                wait_for, lambda: listeners(group, 1) == 2, "both to listen", MOVE_SECONDS
            )
            await told(other, socket)
    assert "p@ss" not in server.printed()
    assert "does not answer" not in server.printed()


async def told(by: Server, socket: Socket) -> None:
    """Decide on one server, and hear of it from another."""
    apv = by.add_apv()
    assert by.decide(apv["apv_id"]).status_code == 200
    assert (await socket.until(type="decision_made"))["apv_id"] == apv["apv_id"]


def test_start_warns_if_no_sentinel_answers(site: Site) -> None:
    url = "redis+sentinel://:hunter2@127.0.0.1:1/news?sentinel_password=hunter3"
    with site.uvicorn(REDIS_URL=url) as server:
        printed = server.printed()
    assert "Redis does not answer at redis+sentinel://127.0.0.1:1/news: news will take" in printed
    assert "hunter" not in printed


ONE, TWO = ("one", 26379), ("::1", 7)


@pytest.mark.parametrize(
    ("hosts", "expected"), [("one,[::1]:7", [ONE, TWO]), ("[::1]:7,one", [TWO, ONE])]
)
def test_url_says_how_to_connect_to_sentinels_and_master(
    hosts: str, expected: list[tuple[str, int]]
) -> None:
    url = (
        f"rediss+sentinel://ann:p%40@{hosts}/news/3"
        "?sentinel_username=eve&sentinel_password=w%2F&ssl_ca_certs=/ca.pem"
    )
    addresses, options, master, master_options = sentinels(url)
    assert addresses == expected
    assert master == "news"
    secured = {"ssl": True, "ssl_ca_certs": "/ca.pem"}
    assert master_options == {"username": "ann", "password": "p@", "db": 3, **secured}
    assert options.items() >= {"username": "eve", "password": "w/", **secured}.items()
    host = layer_host(url)
    assert (host["master_name"], host["sentinels"]) == (master, addresses)


@pytest.mark.parametrize(
    "url",
    [
        "redis+sentinel://",
        "redis+sentinel://one:26379",
        "redis+sentinel://one:26379/",
        "redis+sentinel://one:port/news",
        "redis+sentinel://one:99999/news",
        "redis+sentinel://one,,two/news",
        "redis+sentinel://:hunter2/@one/news",
        "redis+sentinel://[::1/news",
        "redis+sentinel://one/news?health_check_interval=often",
    ],
)
def test_url_that_names_no_sentinels_is_refused_without_its_password(
    monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv("REDIS_URL", url)
    with pytest.raises(ImproperlyConfigured, match="REDIS_URL must be like redis") as refused:
        redis_url("REDIS_URL")
    assert "hunter2" not in str(refused.value)
