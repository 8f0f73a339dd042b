"""Three hosts on the loopback, small: one is cut off, one slow, two clocks are wrong."""

from tools.hosts.networks import Loopback
from tools.hosts.run import CLOCKS, Plan, run


async def test_nothing_is_lost_while_hosts_are_cut_off_and_slow_and_their_clocks_wrong() -> None:
    plan = Plan(sockets=30, seconds=8, per_second=6, cut_seconds=4)
    result = await run(plan, Loopback())
    assert result.clean, result
    assert result.events >= plan.decisions * len(CLOCKS)
