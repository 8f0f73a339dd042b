"""The time of the database, as a process counts it on."""

import time
from types import SimpleNamespace

import pytest

from realtime.clock import AGE_SECONDS, Clock


@pytest.fixture
def wall(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Return the seconds by which the clock of this machine is wrong, to be set."""
    wrong, right = [0.0], time.time
    monkeypatch.setattr(time, "time", lambda: right() + wrong[0])
    return wrong


def test_it_is_the_machines_until_the_database_was_asked() -> None:
    assert Clock().seconds() == pytest.approx(time.time(), abs=1)


def test_it_is_the_databases_once_it_was_asked() -> None:
    clock = Clock()
    clock.keep_right(lambda: time.time() + 240)
    assert clock.seconds() == pytest.approx(time.time() + 240, abs=1)


def test_setting_the_machines_clock_changes_nothing(wall: list[float]) -> None:
    clock, before = Clock(), time.time()
    wall[0] = 240
    assert clock.seconds() == pytest.approx(before, abs=1)


def test_database_is_asked_now_and_then(wall: list[float]) -> None:
    clock, asked = Clock(), []

    def ask() -> float:
        asked.append(1)
        return time.time()

    clock.keep_right(ask)
    clock.keep_right(ask)
    assert len(asked) == 1
    wall[0] = AGE_SECONDS + 1
    clock.keep_right(ask)
    assert len(asked) == 2


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that the machine counts, which only the test lets go on."""
    found = [0.0]
    machine = SimpleNamespace(time=time.time, monotonic=lambda: found[0])
    monkeypatch.setattr("realtime.clock.time", machine)
    return found


def test_database_told_its_time_in_the_middle_of_the_question(now: list[float]) -> None:
    clock = Clock()

    def slow() -> float:
        now[0] += 4
        return 1000.0

    clock.keep_right(slow)
    assert clock.seconds() == 1002


def test_answer_within_the_doubt_moves_nothing(now: list[float]) -> None:
    """A slow answer says little; times that are told must not jump to and fro by it."""
    clock = Clock()
    before = clock.seconds()

    def slow() -> float:
        now[0] += 0.02
        told = clock.seconds()
        now[0] += 0.03
        return told

    clock.keep_right(slow)
    assert clock.seconds() == pytest.approx(before + 0.05, abs=1e-4, rel=0)
