"""The fault table of decisions that take effect, at a small size: all is as decided, once."""

from collections.abc import Callable, Iterator

import pytest

from tools.effects.faults import FAULTS
from tools.effects.run import SMALL, Fault, measure
from tools.effects.world import Worlds


@pytest.fixture(scope="module")
def worlds() -> Iterator[Worlds]:
    started = Worlds()
    yield started
    started.close()


SHORT = [make for make in FAULTS if not make().covered]


@pytest.mark.parametrize("make", SHORT, ids=lambda make: make().title)
def test_decisions_take_effect_once_and_as_recorded(
    make: Callable[[], Fault], worlds: Worlds
) -> None:
    fault = make()
    measured = measure(fault, worlds.get(**fault.variables), SMALL, lambda _: None)
    assert measured.outcome.clean, measured.failures
