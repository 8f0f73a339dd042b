"""Many concurrent writers: readers see the log grow without a gap."""

import asyncio
import json
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import psycopg
import pytest

from tests.support.effort import tries
from tests.support.site import ROOT, Server, Site, Socket
from tests.support.writer import Outcome

PROCESSES, THREADS, TRANSACTIONS = 4, 4, tries(125, thorough=500)
POLL_SECONDS = 0.002
"""How long the reader leaves the processor to the writers, less than a transaction takes."""


@pytest.fixture(scope="session")  # its database can be made only once
def site() -> Site:
    site = Site("writers")
    with psycopg.connect(site.database_url, autocommit=True) as connection:
        # This tests the order of commits, not whether they survive a power failure.
        connection.execute("ALTER DATABASE writers SET synchronous_commit = off")
    return site


@pytest.fixture(scope="module")
def server(site: Site) -> Iterator[Server]:
    with site.uvicorn() as server:
        yield server


async def test_log_grows_without_a_hole_while_sixteen_writers_commit_and_roll_back(
    site: Site, server: Server
) -> None:
    async with server.socket() as socket:
        assert (await socket.subscribe("apvs"))["positions"]["apvs"]["offset"] == 0
        hearing = asyncio.create_task(hear_until_the_last(socket))
        with Reader(site) as reader:
            outcome = await asyncio.to_thread(run_writers, site)
            outcome["committed"].append(server.add_apv(package_name="the last")["apv_id"])
        heard = await hearing

    committed = outcome["committed"]
    assert len(committed) - 1 + len(outcome["rolled_back"]) == PROCESSES * THREADS * TRANSACTIONS
    offsets = list(range(1, len(committed) + 1))
    log = site.rows(
        """SELECT "offset", message::json ->> 'apv_id' FROM realtime_event
        WHERE channel = 'apvs' ORDER BY "offset" """
    )
    assert [offset for offset, _ in log] == offsets
    assert Counter(apv_id for _, apv_id in log) == Counter(committed)
    rows = site.rows("SELECT apv_id::text FROM reviews_apv")
    assert {apv_id for (apv_id,) in rows} == set(committed)
    assert site.rows("SELECT top FROM realtime_counter WHERE channel = 'apvs'") == [(offsets[-1],)]
    assert reader.fault is None
    assert reader.last == offsets[-1]
    assert reader.growths > 2 * TRANSACTIONS, "the reader looked too seldom to see much"
    assert [(one["offset"], one["apv_id"]) for one in heard] == log


class Reader(threading.Thread):
    """Reads new events of the log, over and over on one connection, until the block ends.

    `fault` is the first breach of the promise it saw, `growths` how often it saw new events.
    """

    NEWS = """SELECT e."offset", a.apv_id IS NOT NULL FROM realtime_event e
        LEFT JOIN reviews_apv a ON a.apv_id = (e.message::json ->> 'apv_id')::uuid
        WHERE e.channel = 'apvs' AND e."offset" > %s ORDER BY e."offset" """

    def __init__(self, site: Site) -> None:
        super().__init__(daemon=True)
        self.last = self.growths = 0
        self.fault: str | None = None
        self._url = site.database_url
        self._over = threading.Event()

    def __enter__(self) -> "Reader":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self.join()

    def run(self) -> None:
        with psycopg.connect(self._url, autocommit=True) as connection:
            over = False
            while not over and self.fault is None:
                over = self._over.wait(POLL_SECONDS)  # read first: the last poll comes after it
                self._look(connection.execute(self.NEWS, [self.last]).fetchall())

    def _look(self, news: list[tuple[int, bool]]) -> None:
        offsets = [offset for offset, _ in news]
        if offsets != list(range(self.last + 1, self.last + 1 + len(offsets))):
            self.fault = f"after {self.last} came {offsets}"
        elif lonely := [offset for offset, has_row in news if not has_row]:
            self.fault = f"events {lonely} were there without their rows"
        elif offsets:
            self.last = offsets[-1]
            self.growths += 1


def run_writers(site: Site) -> Outcome:
    """Run all writers at once; return the results of all their transactions."""
    with ExitStack() as stack:
        writers = [stack.enter_context(started(site, number)) for number in range(PROCESSES)]
        stack.callback(stop, writers)
        for writer in writers:
            assert writer.stdout is not None
            assert writer.stdout.readline() == "ready\n"
        for writer in writers:
            assert writer.stdin is not None
            writer.stdin.write("start\n")
            writer.stdin.flush()
        outcomes = [json.loads(writer.communicate()[0]) for writer in writers]
    return {fate: [one for found in outcomes for one in found[fate]] for fate in outcomes[0]}


def started(site: Site, number: int) -> "subprocess.Popen[str]":
    arguments = [str(number), str(THREADS), str(TRANSACTIONS)]
    return subprocess.Popen(
        [sys.executable, "-m", "tests.support.writer", *arguments],
        cwd=ROOT,
        env=site.environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def stop(writers: "list[subprocess.Popen[str]]") -> None:
    for writer in writers:
        writer.kill()


async def hear_until_the_last(socket: Socket) -> list[dict[str, Any]]:
    heard = [await socket.until(type="new_apv")]
    while heard[-1]["package_name"] != "the last":
        heard.append(await socket.until(type="new_apv"))
    return heard
