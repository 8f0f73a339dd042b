"""Whatever happens in any order: state from events equals fresh state."""

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any, ClassVar

import psycopg
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.support.effort import tries
from tests.support.follower import (
    LOGS,
    SERVICE_RESTART,
    Follower,
    Position,
    Positions,
    Resumed,
    View,
    read_anew,
)
from tests.support.redis_server import RedisServer
from tests.support.site import ROOT, Site, apv

REPLAY_LIMIT = 20
"""Small, so that a client can be too far behind."""

START_OVER = """
    TRUNCATE reviews_apv, reviews_decision, realtime_event CASCADE;
    UPDATE realtime_counter SET top = 0, epoch = replace(gen_random_uuid()::text, '-', '');
"""
ANY = st.integers(0, 10_000)
"""Chooses one of however many there are."""


@pytest.fixture(scope="module", autouse=True)
def installation() -> Iterator[None]:
    with Installation() as Machine.on:
        yield


def test_state_from_events_equals_fresh_state() -> None:
    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=tries(7, thorough=100),
            stateful_step_count=18,
            deadline=None,
            derandomize="CI" in os.environ,
            print_blob=True,
            suppress_health_check=[HealthCheck.too_slow],
        ),
    )


def test_news_of_an_epoch_that_is_over_are_not_told() -> None:
    machine = Machine()
    machine.publish_many_over_rest(count=3)
    machine.promise_holds()
    machine.change_epoch(kept=0, late_news=False)
    machine.promise_holds()
    machine.late_news_of_another_epoch(which=0)
    machine.promise_holds()
    machine.teardown()


class Installation(contextlib.ExitStack):
    """A server, a Redis that a test may kill, and another process that writes."""

    def __enter__(self) -> "Installation":
        self.redis = RedisServer()
        self.callback(self.redis.kill)
        self.site = Site("machine", REDIS_URL=self.redis.url, HITL_WS_RATE_PER_MINUTE="100000")
        self.server = self.enter_context(self.site.uvicorn(HITL_REPLAY_LIMIT=str(REPLAY_LIMIT)))
        self._worker = self.enter_context(
            subprocess.Popen(
                [sys.executable, "-m", "tests.support.worker"],
                cwd=ROOT,
                env=self.site.environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
        )
        self.callback(self._worker.kill)
        return self

    def worker(self, call: str, **arguments: Any) -> Any:
        """Return what a function of `tests.support.worker` returns there."""
        assert self._worker.stdin is not None
        assert self._worker.stdout is not None
        self._worker.stdin.write(json.dumps([call, arguments]) + "\n")
        self._worker.stdin.flush()
        answer = self._worker.stdout.readline()
        assert answer, f"the worker died of {call} {arguments}"
        return json.loads(answer)

    def start_over(self) -> None:
        with psycopg.connect(self.site.database_url) as connection:
            connection.execute(START_OVER)
        if self.redis.process.poll() is not None:
            self.redis.start()

    def tops(self) -> Positions:
        rows = self.site.rows("SELECT channel, epoch, top FROM realtime_counter")
        return {channel: (epoch, top) for channel, epoch, top in rows}

    def log(self, channel: str) -> list[tuple[int, str]]:
        return self.site.rows(
            'SELECT "offset", message FROM realtime_event WHERE channel = %s ORDER BY "offset"',
            channel,
        )


class Machine(RuleBasedStateMachine):
    """A watcher that stays, and a wanderer that leaves and resumes from anywhere."""

    on: ClassVar[Installation]

    def __init__(self) -> None:
        super().__init__()
        self.on.start_over()
        self.open: list[str] = []
        self.tops = dict.fromkeys(LOGS, 0)
        self.views: list[View] = []
        self.past: list[tuple[str, str, tuple[int, str]]] = []
        self.redis_is_up = True
        self.outages = 0  # each costs seconds, like a new epoch, so an example has few
        self.epochs = 0
        self.restarted = False
        self.watcher = Follower("the watcher", self.on.server)
        self.wanderer = Follower("the wanderer", self.on.server)
        for follower in self.followers:
            follower.load()
            follower.go_online()
            follower.resumed.clear()  # the server was still in the example before

    @property
    def followers(self) -> list[Follower]:
        return [self.watcher, self.wanderer]

    def teardown(self) -> None:
        for follower in self.followers:
            if follower.online:
                follower.drop_the_line()

    # -- Writing ------------------------------------------------------------------------------

    def added(self, apv_ids: list[str]) -> None:
        self.open += apv_ids
        self.tops["apvs"] += len(apv_ids)

    @rule(count=st.integers(1, 5))
    def publish(self, count: int) -> None:
        self.added(self.on.worker("create", count=count))

    @rule(count=st.integers(1, 30))
    def publish_many_over_rest(self, count: int) -> None:
        answer = self.on.server.post("/hitl/apvs", [apv()] * count, user="pipeline")
        assert answer.status_code == 201, answer.text
        self.added([row["apv_id"] for row in answer.json()])

    @rule(count=st.integers(1, 5))
    def write_what_no_log_tells(self, count: int) -> None:
        self.on.worker("create", count=count, roll_back=True)
        self.on.worker("touch")

    @precondition(lambda self: self.open)
    @rule(which=ANY, kind=st.sampled_from(["approve", "reject", "modify"]), over_rest=st.booleans())
    def decide(self, which: int, kind: str, over_rest: bool) -> None:
        self.conclude(self.open.pop(which % len(self.open)), kind, over_rest)

    @precondition(lambda self: self.open)
    @rule(which=ANY, kind=st.sampled_from(["approve", "reject", "modify"]))
    def escalate_and_decide(self, which: int, kind: str) -> None:
        apv_id = self.open.pop(which % len(self.open))
        self.conclude(apv_id, "escalate", over_rest=True)
        self.conclude(apv_id, kind, over_rest=False)

    def conclude(self, apv_id: str, kind: str, over_rest: bool) -> None:
        if over_rest:
            changes = {"version": "2"}
            answer = self.on.server.decide(
                apv_id, user="lead", decision=kind, modifications=changes
            )
            assert answer.status_code == 200, answer.text
        else:
            self.on.worker("decide", apv_id=apv_id, kind=kind)
        self.tops["decisions"] += 1
        self.tops["changes"] += 1

    # -- Leaving and coming back --------------------------------------------------------------

    @precondition(lambda self: self.wanderer.online)
    @rule()
    def drop_the_line(self) -> None:
        self.wanderer.drop_the_line()

    @precondition(lambda self: not self.wanderer.online)
    @rule()
    def resume(self) -> None:
        self.wanderer.go_online()

    @precondition(lambda self: self.views)
    @rule(which=ANY)
    def resume_from_an_earlier_position(self, which: int) -> None:
        """Use the same connection, if there is one."""
        self.wanderer.view = self.views[which % len(self.views)].copy()
        self.come_back()

    @rule(distance=st.integers(1, 3), channel=st.sampled_from(LOGS))
    def resume_from_beyond_the_top(self, distance: int, channel: str) -> None:
        epoch, top = self.on.tops()[channel]
        self.wanderer.view.positions[channel] = (epoch, top + distance)
        self.come_back()

    def come_back(self) -> None:
        if self.wanderer.online:
            self.wanderer.resume(*LOGS)
        else:
            self.wanderer.go_online()

    # -- Faults -------------------------------------------------------------------------------

    @rule(events=st.integers(0, 30))
    def prune(self, events: int) -> None:
        self.on.worker("prune", events=events)

    @rule(count=st.integers(1, 5))
    def publish_what_is_pruned_before_the_server_looks(self, count: int) -> None:
        self.restarted = True  # or received in time from Redis
        self.added(self.on.worker("create", count=count, forget=True))

    @precondition(lambda self: self.redis_is_up and not self.outages)
    @rule()
    def kill_redis(self) -> None:
        self.on.redis.kill()
        self.redis_is_up = False
        self.outages += 1

    @precondition(lambda self: not self.redis_is_up)
    @rule()
    def restart_redis(self) -> None:
        self.on.redis.start()
        self.redis_is_up = True

    @precondition(lambda self: self.epochs < 2)
    @rule(kept=st.sampled_from([0, 0.5, 1]), late_news=st.booleans())
    def change_epoch(self, kept: float, late_news: bool) -> None:
        """Change it as restoring a backup does; the logs keep a part of their events."""
        for channel, (epoch, _) in self.on.tops().items():
            self.past += [(channel, epoch, event) for event in self.on.log(channel)]
        self.tops = {channel: int(top * kept) for channel, top in self.tops.items()}
        self.on.worker("restore", tops=self.tops)
        self.epochs += 1
        self.restarted = True
        if late_news and self.redis_is_up and self.past:
            self.late_news_of_another_epoch(0)

    @precondition(lambda self: self.redis_is_up and self.past)
    @rule(which=ANY)
    def late_news_of_another_epoch(self, which: int) -> None:
        """Send what Redis still had from before, ideally an event that would fit exactly."""
        fitting = [one for one in self.past if one[2][0] == self.tops[one[0]] + 1] or self.past
        channel, epoch, event = fitting[which % len(fitting)]
        self.on.worker("send", channel=channel, epoch=epoch, events=[event])
        self.publish(1)  # it comes after the other: when this one arrives, that one was handled

    @precondition(lambda self: self.redis_is_up)
    @rule(channel=st.sampled_from(LOGS), count=st.integers(1, 3))
    def news_come_twice(self, channel: str, count: int) -> None:
        epoch, _ = self.on.tops()[channel]
        log = self.on.log(channel)
        self.on.worker("send", channel=channel, epoch=epoch, events=log[-count:])
        self.publish(1)

    # -- What must hold -----------------------------------------------------------------------

    @rule()
    def stats_tell_the_numbers(self) -> None:
        numbers = self.on.server.client().get("/hitl/reviews/stats").json()
        self.watcher.hear_stats(
            {name: numbers[name] for name in ("pending_reviews", "total_decisions")}
        )

    @invariant()
    def promise_holds(self) -> None:
        self.state_from_events_equals_fresh_state()
        self.answers_to_since_are_true()
        self.sockets_stay_open_unless_history_was_replaced()
        self.views.append(self.watcher.view.copy())

    def state_from_events_equals_fresh_state(self) -> None:
        fresh = read_anew(self.on.server)
        assert fresh.positions == self.on.tops()
        assert {name: top for name, (_, top) in fresh.positions.items()} == self.tops
        for follower in self.followers:
            if follower.online:
                follower.catch_up(fresh.positions)
                assert differences(follower.view, fresh) == {}, follower.name

    def answers_to_since_are_true(self) -> None:
        tops = self.on.tops()
        forgotten = {name: self.forgotten(name, tops[name]) for name in LOGS}
        for follower in self.followers:
            for answer in follower.resumed:
                assert answer.now[0] == tops[answer.channel][0], answer
                assert answer.reason == refusal(answer, forgotten[answer.channel]), answer
                assert answer.recovered == (answer.reason is None), answer
            follower.resumed.clear()

    def forgotten(self, channel: str, top: Position) -> int:
        """Return the last offset that the log no longer has."""
        log = self.on.log(channel)
        return log[0][0] - 1 if log else top[1]

    def sockets_stay_open_unless_history_was_replaced(self) -> None:
        for follower in self.followers:
            allowed = {SERVICE_RESTART} if self.restarted else set()
            assert set(follower.closed_with) <= allowed, follower.name
            follower.closed_with.clear()
        self.restarted = False


def refusal(answer: Resumed, forgotten: int) -> str | None:
    """Return why the server could not replay from there, from what the test did."""
    (old_epoch, last), (epoch, top) = answer.since, answer.now
    if old_epoch != epoch:
        return "epoch"
    if last > top:
        return "ahead"
    if top - last > REPLAY_LIMIT:
        return "too_far"
    return "truncated" if last < min(forgotten, top) else None


def differences(view: View, fresh: View) -> dict[str, tuple[Any, Any]]:
    """Return the APVs whose state from events differs from the real one, with both."""
    told, true = view.state(), fresh.state()
    return {
        apv_id: (told.get(apv_id), true.get(apv_id))
        for apv_id in told.keys() | true.keys()
        if told.get(apv_id) != true.get(apv_id)
    }
