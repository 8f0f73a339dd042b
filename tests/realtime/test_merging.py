"""Payloads for the channel layer are merged into fewer, with the same events in order."""

from hypothesis import given
from hypothesis import strategies as st

from realtime.broker import EVENTS_PER_SEND, LOG_EVENTS, Payload, log_events, merged, value_changed

LOGS = st.sampled_from([("apvs", "one"), ("apvs", "two"), ("decisions", "one")])
OFFSETS = st.lists(st.integers(1, 10_000), min_size=1, max_size=150)


def events_of(payloads: list[Payload]) -> dict[tuple[str, str], list[tuple[int, str]]]:
    """Return the events of each log, as they come."""
    found: dict[tuple[str, str], list[tuple[int, str]]] = {}
    for one in payloads:
        if one["type"] == LOG_EVENTS:
            found.setdefault((one["channel"], one["epoch"]), []).extend(one["events"])
    return found


@given(st.lists(st.tuples(LOGS, OFFSETS), max_size=10))
def test_events_of_a_log_come_in_order_and_none_is_lost(
    parts: list[tuple[tuple[str, str], list[int]]],
) -> None:
    given_ones = [log_events(*log, [(one, "{}") for one in offsets]) for log, offsets in parts]
    sent = list(merged([*given_ones, value_changed("stats")]))
    logs = events_of(given_ones)
    assert events_of(sent) == {log: sorted(events) for log, events in logs.items()}
    assert all(len(one.get("events", [])) <= EVENTS_PER_SEND for one in sent)
    fewest = sum(-(-len(events) // EVENTS_PER_SEND) for events in logs.values())
    assert len(sent) == fewest + 1
    assert value_changed("stats") in sent
