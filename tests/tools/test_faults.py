"""The fault table at a small size: whatever breaks, nothing is lost, doubled or out of order."""

from collections.abc import Iterator

import pytest

from tools.faults.kinds import KINDS, Kind, LineFault, Worlds, measure
from tools.faults.load import SMALL


@pytest.fixture(scope="module")
def worlds() -> Iterator[Worlds]:
    started = Worlds()
    yield started
    started.close()


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.title)
async def test_nothing_is_lost_doubled_or_out_of_order(
    kind: Kind | LineFault, worlds: Worlds
) -> None:
    outcome = await measure(kind, worlds, SMALL)
    assert outcome.clean, outcome
