"""Requests run in threads that are kept for the next ones, never two in one at a time."""

import asyncio
import threading

import pytest
from asgiref.sync import sync_to_async

from hitl_project.servers.request_threads import MOST_IDLE, RequestThreads
from tests.support.waiting import wait_for

ident = sync_to_async(threading.get_ident)


def running() -> int:
    return sum(one.name.startswith("request") for one in threading.enumerate())


async def run_in(threads: RequestThreads) -> int:
    async with threads.one():
        return await ident()


async def test_request_runs_in_the_thread_of_the_one_before() -> None:
    threads = RequestThreads()
    assert await run_in(threads) == await run_in(threads)


async def test_whole_request_runs_in_one_thread_and_no_other_does_meanwhile() -> None:
    threads = RequestThreads()
    async with threads.one():
        first = await ident()
        others = [await run_in(threads), await run_in(threads)]
        assert first not in others
        assert await ident() == first


async def test_threads_of_a_burst_end_but_for_a_few() -> None:
    threads = RequestThreads()
    everybody = asyncio.Barrier(3 * MOST_IDLE)

    async def request() -> None:
        async with threads.one():
            await ident()
            await everybody.wait()

    before = running()
    await asyncio.gather(*(request() for _ in range(3 * MOST_IDLE)))
    await asyncio.to_thread(
        wait_for, lambda: running() <= before + MOST_IDLE, "most of them to end"
    )


async def test_thread_that_may_still_be_at_work_is_not_used_again() -> None:
    threads, begun, end = RequestThreads(), threading.Event(), threading.Event()
    left: list[asyncio.Future[None]] = []

    def work() -> None:
        begun.set()
        end.wait()

    async def request() -> None:
        async with threads.one():
            left.append(asyncio.ensure_future(sync_to_async(work)()))
            await asyncio.to_thread(begun.wait)
            raise ConnectionResetError

    try:
        with pytest.raises(ConnectionResetError):
            await request()
        assert await asyncio.wait_for(run_in(threads), timeout=60)
    finally:
        end.set()
