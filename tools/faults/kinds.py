"""The faults: what each breaks while decisions are made."""

import asyncio
import os
import signal
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests.support import outages
from tests.support.proxy import Proxy
from tests.support.redis_server import RedisServer
from tests.support.waiting import pause
from tools.faults.load import FULL, Fault, Load, Outcome, Size
from tools.faults.world import World


async def nothing(world: World, stretch: float) -> None:
    """Do nothing, for comparison."""


async def redis_killed(world: World, stretch: float) -> None:
    world.redis.kill()
    await pause(5 * stretch)
    await asyncio.to_thread(world.redis.start)


async def redis_flushed(world: World, stretch: float) -> None:
    for _ in range(5):
        world.redis.client().flushall()
        await pause(1 * stretch)


async def redis_clients_killed(world: World, stretch: float) -> None:
    for _ in range(5):
        client = world.redis.client()
        for kind in ("normal", "pubsub"):
            client.client_kill_filter(_type=kind, skipme=True)
        await pause(1 * stretch)


async def redis_stopped(world: World, stretch: float) -> None:
    world.redis.process.send_signal(signal.SIGSTOP)
    await pause(10 * stretch)
    world.redis.process.send_signal(signal.SIGCONT)


async def server_killed(world: World, stretch: float) -> None:
    world.kill_server(1)
    await pause(2 * stretch)
    await world.restart_server(1)


async def killed_in_commit_hook(world: World, stretch: float) -> None:
    """Kill a server in its next commit hook, before it sends anything."""
    for _ in range(2):
        world.kill_server(1)
        await world.restart_server(1, program="-m tools.faults.dying_server")
        world.servers[1].process.send_signal(signal.SIGUSR1)
        await asyncio.to_thread(world.servers[1].process.wait, 30)
    await world.restart_server(1)


async def receiver_stalled(world: World, stretch: float) -> None:
    """Stall a receiver while the layer holds at most five messages for it."""
    world.servers[1].process.send_signal(signal.SIGSTOP)
    await pause(5 * stretch)
    world.servers[1].process.send_signal(signal.SIGCONT)


async def backends_terminated(world: World, stretch: float) -> None:
    for _ in range(5):
        outages.terminate_backends(world.site)
        await pause(1 * stretch)


async def postgres_frozen(world: World, stretch: float) -> None:
    with outages.frozen(Path(os.environ["HITL_VAR"]) / "postgres"):
        await pause(60 * stretch)


@dataclass
class Kind:
    """A fault by name, and the settings its servers need."""

    title: str
    inject: Fault
    variables: dict[str, str] = field(default_factory=dict)


@dataclass
class LineFault:
    """A network fault between half of the sockets and their server."""

    title: str
    mode: str
    seconds: float = 5


@dataclass
class RedisLineFault:
    """A network fault between the servers and Redis, without a sign; it does not end."""

    title: str
    break_line: Callable[[Proxy], None]
    seconds: float = 10


KINDS: list[Kind | LineFault | RedisLineFault] = [
    Kind("none", nothing),
    Kind("Redis: kill -9, back after 5 s", redis_killed),
    Kind("Redis: FLUSHALL, five times", redis_flushed),
    Kind("Redis: CLIENT KILL of all, five times", redis_clients_killed),
    Kind("Redis: SIGSTOP for 10 s", redis_stopped),
    RedisLineFault("Redis: its connections go dead without a sign", Proxy.forget),
    RedisLineFault("Redis: its connections, and new ones", lambda proxy: proxy.blackhole(True)),
    Kind("server: kill -9 of one of two", server_killed),
    Kind("server: os._exit in the on_commit hook, twice", killed_in_commit_hook),
    Kind(
        "layer: capacity 5, a receiver stalled for 5 s",
        receiver_stalled,
        {"DJANGO_SETTINGS_MODULE": "tools.faults.small_layer"},
    ),
    Kind("PostgreSQL: all backends terminated, five times", backends_terminated),
    Kind("PostgreSQL: SIGSTOP for 60 s", postgres_frozen),
    LineFault("line: blackhole for 5 s", "blackhole"),
    LineFault("line: reset, five times", "reset"),
    LineFault("line: throttled to 2 kB/s for 5 s", "throttle"),
]


async def measure(
    kind: Kind | LineFault | RedisLineFault, worlds: "Worlds", size: Size = FULL
) -> Outcome:
    """Inject one fault into an installation under load."""
    if isinstance(kind, RedisLineFault):
        return await _on_the_line_to_redis(kind, size)
    if isinstance(kind, LineFault):
        return await _on_the_line(await worlds.get(), kind, size)
    world = await worlds.get(**kind.variables)
    addresses = [server.origin for server in world.servers]
    return await Load(world, size, addresses).run(kind.inject)


class Worlds:
    """An installation with the settings that are asked for; another one ends before it starts.

    Two of them could take more connections than their PostgreSQL has.
    """

    def __init__(self) -> None:
        self._started: dict[str, World] = {}

    async def get(self, **variables: str) -> World:
        key = repr(variables)
        if key not in self._started:
            await asyncio.to_thread(self.close)
            self._started[key] = await asyncio.to_thread(lambda: World(**variables))
        return self._started[key]

    def close(self) -> None:
        while self._started:
            self._started.popitem()[1].close()


async def _on_the_line_to_redis(kind: RedisLineFault, size: Size) -> Outcome:
    redis = RedisServer()
    async with Proxy(str(redis.socket)) as proxy:
        url = f"redis://127.0.0.1:{proxy.port}"
        world = await asyncio.to_thread(lambda: World(REDIS_URL=url))

        async def inject(_: World, stretch: float) -> None:
            kind.break_line(proxy)
            await pause(kind.seconds * stretch)

        try:
            addresses = [server.origin for server in world.servers]
            return await Load(world, size, addresses).run(inject)
        finally:
            await asyncio.to_thread(world.close)
            await asyncio.to_thread(redis.remove)


async def _on_the_line(world: World, kind: LineFault, size: Size) -> Outcome:
    first, second = (int(server.origin.rsplit(":", 1)[1]) for server in world.servers)
    async with Proxy(first) as one, Proxy(second) as other:
        proxies = [one, other]

        async def inject(_: World, stretch: float) -> None:
            await _disturb(proxies, kind, stretch)

        addresses = [f"http://127.0.0.1:{proxy.port}" for proxy in proxies]
        addresses += [server.origin for server in world.servers]
        return await Load(world, size, addresses).run(inject)


async def _disturb(proxies: list[Proxy], kind: LineFault, stretch: float) -> None:
    if kind.mode == "reset":
        for _ in range(5):
            for proxy in proxies:
                proxy.cut()
            await pause(kind.seconds / 5 * stretch)
        return
    for proxy in proxies:
        if kind.mode == "blackhole":
            proxy.blackhole(True)
        else:
            proxy.throttle(2_000)
    await pause(kind.seconds * stretch)
    for proxy in proxies:
        if kind.mode == "blackhole":
            proxy.blackhole(False)
        else:
            proxy.throttle(None)
