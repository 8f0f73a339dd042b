"""What counts as an answer of PostgreSQL."""

import queue
import threading

import pytest

from hitl_project.postgresql.liveness import Liveness, Server, Silent
from tests.support.waiting import ANSWER_SECONDS, wait_for

SERVER = Server("db", "192.0.2.1", "5432")


def is_refusing(liveness: Liveness) -> bool:
    try:
        liveness.refuse_while_silent()
    except Silent:
        return True
    return False


def is_silent(liveness: Liveness) -> bool:
    try:
        liveness.check(SERVER)
    except Silent:
        return True
    return False


def test_only_an_answered_statement_ends_a_silence() -> None:
    """PgBouncer lets clients connect though PostgreSQL is frozen."""
    liveness, answers = Liveness(), queue.Queue[Server | None]()
    liveness.ask(SERVER, is_there=lambda: False, reconnects=answers.get)
    wait_for(lambda: is_refusing(liveness), "the silence to be noticed")

    liveness.connected(SERVER)

    assert is_refusing(liveness)
    assert is_silent(liveness)
    answers.put(SERVER)
    wait_for(lambda: not is_refusing(liveness), "the answer to be noticed")
    assert not is_silent(liveness)


def test_server_that_was_away_is_used_again_once_it_lets_connect_after_another_answered() -> None:
    liveness = Liveness()
    another = Server("db2", "192.0.2.2", "5432")
    liveness.ask(SERVER, is_there=lambda: False, reconnects=lambda: another)
    wait_for(lambda: is_silent(liveness), "the silence to be noticed")
    wait_for(lambda: not is_refusing(liveness), "the other server to answer")

    liveness.connected(SERVER)

    assert not is_silent(liveness)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_question_that_fails_leaves_nobody_refused() -> None:
    """Otherwise the process would refuse for ever, long after PostgreSQL is back."""
    liveness, asked = Liveness(), threading.Event()

    def fails() -> Server | None:
        asked.set()
        raise OSError("nobody expected this")

    before = set(threading.enumerate())
    liveness.ask(SERVER, is_there=lambda: False, reconnects=fails)
    assert asked.wait(ANSWER_SECONDS)
    for thread in set(threading.enumerate()) - before:
        thread.join(ANSWER_SECONDS)  # it raises in this test, where that is expected
    assert not is_refusing(liveness)
    liveness.connected(SERVER)
    assert not is_silent(liveness)
