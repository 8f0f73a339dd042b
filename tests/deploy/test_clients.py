"""Both clients through nginx with TLS, while the services behind it are killed in turn."""

import asyncio
import contextlib
import json
import shutil
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from hitl_client import AsyncClient, DecisionMade
from hitl_client.records import APVFields
from tests.support import npm
from tests.support.nginx import Nginx
from tests.support.people import issue
from tests.support.site import ROOT
from tests.support.waiting import pause
from tools.faults.world import World

SETTLE_SECONDS = 90
BUMP: APVFields = {
    "severity": "HIGH",
    "package_name": "both-clients",
    "patch_strategy": "version_bump",
    "pr_number": 7,
}
REASON = "The bump is minimal and the wargame holds."
FOLLOW = ROOT / "tests" / "deploy" / "follow.js"


class Node:
    """The client for JavaScript in a process of Node, which prints what it hears."""

    def __init__(self, nginx: Nginx, token: str, folder: Path) -> None:
        npm.install(folder, npm.packed(folder / "package"))
        shutil.copy(FOLLOW, folder)
        self._printed = folder / "printed"
        variables = {"TOKEN": token, "NODE_EXTRA_CA_CERTS": str(nginx.authority)}
        with self._printed.open("wb") as output:
            self._process = subprocess.Popen(
                [npm.PROGRAMS / "node", "follow.js", nginx.origin],
                cwd=folder,
                env={**npm.ENVIRONMENT, **variables},
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def _lines(self) -> list[dict[str, Any]]:
        lines = self._printed.read_text().splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]

    @property
    def is_live(self) -> bool:
        assert self._process.poll() is None, self._printed.read_text()
        return {"status": "live"} in self._lines()

    @property
    def reloads(self) -> int:
        return sum("reload" in line for line in self._lines())

    @property
    def heard(self) -> list[str]:
        """Return the ids of the decisions that it was told, as they came."""
        lines = self._lines()
        return [one["decision_id"] for one in lines if one.get("type") == "decision_made"]

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait()


@pytest.fixture(scope="module")
def tokens(world: World) -> dict[str, str]:
    return {name: issue(world.site, name, "--days", "1") for name in ("pipeline", "reviewer")}


@pytest.fixture
def javascript(nginx: Nginx, tokens: dict[str, str], tmp_path: Path) -> Iterator[Node]:
    node = Node(nginx, tokens["reviewer"], tmp_path / "app")
    yield node
    node.stop()


@contextlib.asynccontextmanager
async def python(nginx: Nginx, token: str) -> AsyncIterator[list[str]]:
    """Follow decisions in Python, from now on; return the list of their ids, which grows."""
    heard: list[str] = []

    async def follow(client: AsyncClient, since: Any) -> None:
        async for message in client.follow("decisions", since=since):
            assert isinstance(message, DecisionMade), message
            heard.append(str(message.decision_id))

    async with AsyncClient(nginx.origin, token) as client:
        page = await client.decisions_page(limit=1)
        following = asyncio.create_task(follow(client, page.positions))
        try:
            yield heard
        finally:
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(SETTLE_SECONDS):
        while not condition():
            await pause(0.05)


def is_longer(heard: list[str], known: int) -> bool:
    return len(heard) > known


async def decide(nginx: Nginx, tokens: dict[str, str], count: int) -> list[str]:
    """Add APVs and decide on each; return the ids of the decisions, in order."""
    made = []
    async with (
        AsyncClient(nginx.origin, tokens["pipeline"]) as pipeline,
        AsyncClient(nginx.origin, tokens["reviewer"]) as reviewer,
    ):
        for _ in range(count):
            added = await pipeline.add_apv(BUMP)
            decision = await reviewer.decide(added.apv_id, "approve", REASON)
            made.append(str(decision.decision_id))
    return made


async def test_both_clients_miss_nothing_and_write_once_while_services_are_killed(
    world: World, nginx: Nginx, tokens: dict[str, str], javascript: Node
) -> None:
    await until(lambda: javascript.is_live)
    before = javascript.reloads
    async with python(nginx, tokens["reviewer"]) as heard:
        made = await decide(nginx, tokens, 10)
        for number in (0, 1):
            writing = asyncio.create_task(decide(nginx, tokens, 20))
            await until(partial(is_longer, heard, len(made)))
            world.kill_server(number)
            made += await writing
            await world.restart_server(number)
        await until(lambda: len(heard) >= len(made) and len(javascript.heard) >= len(made))
    assert heard == made
    assert javascript.heard == made
    assert javascript.reloads == before
    sql = "SELECT count(DISTINCT apv_id) FROM reviews_apv WHERE package_name = 'both-clients'"
    assert world.site.rows(sql) == [(len(made),)]
