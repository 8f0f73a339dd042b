"""Decide at random for a while: the records are exactly what was confirmed, or sent."""

import pytest

from tests.support.effort import tries
from tests.support.site import Server, Site
from tests.support.tab import NewContext
from tools.monkey.monkey import run

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_whatever_is_pressed_each_decision_is_what_was_confirmed_or_sent(
    new_context: NewContext, server: Server, site: Site, empty_queue: None
) -> None:
    contexts = [await new_context("reviewer") for _ in range(2)]
    outcome = await run(contexts, server, site, seconds=tries(25, thorough=300), seed=5)
    assert outcome.recorded > 0, outcome
    assert outcome.is_well, (outcome, outcome.lost, outcome.differing, outcome.errors)
