"""Those whose batch fails are told so, and those after them are handled."""

import asyncio
from collections.abc import Sequence

from realtime.batches import Batches


async def doubled(items: Sequence[int]) -> list[int | Exception]:
    """Fail for 0, and forget the last one of a batch with 1."""
    if 0 in items:
        raise OSError("away")
    return [item * 2 for item in items[: -1 if 1 in items else None]]


async def results_of(batches: Batches[int, int], items: Sequence[int]) -> list[object]:
    asked = (batches.result_of(one) for one in items)
    return await asyncio.gather(*asked, return_exceptions=True)


async def test_a_failure_is_told_to_the_whole_batch_alone() -> None:
    batches = Batches(doubled)
    assert {type(one) for one in await results_of(batches, [5, 0, 6])} == {OSError}
    assert {type(one) for one in await results_of(batches, [1, 5, 6])} == {ValueError}
    assert await results_of(batches, [5, 6]) == [10, 12]
