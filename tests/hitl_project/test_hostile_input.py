"""The short form of `make fuzz`: every page of hostile APVs is served in time."""

from tests.support.effort import tries
from tests.support.site import Site
from tools.fuzz.run import Fuzz, end

SECONDS = tries(10, thorough=60)
ENDING_SECONDS = 30


def test_whatever_is_posted_every_page_of_it_is_served_in_its_time() -> None:
    with Site("fuzz").uvicorn() as server:
        outcome = Fuzz(server, seed=1).run(SECONDS)
        assert outcome.taken
        assert outcome.faults() == []
        assert end(server, ENDING_SECONDS) < ENDING_SECONDS
