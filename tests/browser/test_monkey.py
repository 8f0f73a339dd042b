"""A monkey decides for half a minute: what is recorded is what was confirmed, to the letter."""

import pytest

from tests.browser.conftest import NewContext
from tests.site import Server, Site
from tools.monkey.monkey import run

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_whatever_is_pressed_each_decision_is_the_question_confirmed_last(
    new_context: NewContext, server: Server, site: Site, empty_queue: None
) -> None:
    outcome = await run(await new_context("reviewer"), server, site, seconds=45, seed=5)
    assert outcome.actions > 0
    assert outcome.differing == outcome.errors == []
