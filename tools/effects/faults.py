"""The faults: what each breaks while decisions are carried out."""

import random
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any

from tests.support import outages
from tests.support.forges import Pull
from tests.support.forges.http import answers
from tests.support.forges.webhooks import Webhook
from tests.support.waiting import START_SECONDS
from tools.effects.killing import AtEveryStep
from tools.effects.run import AT_ONCE, Fault, Run, decide_all
from tools.effects.world import Asked, restarted

WRITES = {"approve": "merge", "reject": "close", "modify": "review", "escalate": "comment"}
"""For each kind of decision, the request that carries it out."""
ALSO_WRITES = {"reject": "comment", "escalate": "assign"}
"""What else two of them write."""
UNDO_SECONDS = 2


# -- Processes --------------------------------------------------------------------------------


def kill_web_process(run: Run) -> None:
    """Kill a server in the commit hook of every so many decisions, before it answers."""
    kills = max(1, round(10 * run.size.stretch))
    every = -(-len(run.asked) // kills)
    for start in range(0, len(run.asked), every):
        server = restarted(run.world, 1, "-m tools.faults.dying_server")
        server.process.send_signal(signal.SIGUSR1)
        run.decide(run.asked[start], first=1)
        server.process.wait(START_SECONDS)
        decide_all(run, run.asked[start + 1 : start + every])
    restarted(run.world, 1)


def terminate_backends(run: Run) -> None:
    """Terminate all backends of the database, again and again."""
    for _ in range(max(3, round(20 * run.size.stretch))):
        outages.terminate_backends(run.world.site)
        time.sleep(run.chance.uniform(0.2, 2.0))


# -- Answers ----------------------------------------------------------------------------------


def for_each(**what: Any) -> Callable[[Run], None]:
    """Let the request that carries out each decision go wrong once."""

    def prepare(run: Run) -> None:
        for one in run.asked:
            one.fake.fault(on=WRITES[one.kind], number=one.pull.number, **what)

    return prepare


def drop_answers(run: Run) -> None:
    """Drop the answer to each kind of change, also to the comment of one that is closed."""
    for_each(drop=True)(run)
    for one in run.asked:
        if also := ALSO_WRITES.get(one.kind):
            one.fake.fault(on=also, number=one.pull.number, drop=True)


def act_late(run: Run) -> None:
    """Carry merges and closes out when the console has given up waiting, and asks again.

    Comments and reviews are left out: no forge tells that it is about to write one.
    """
    for one in run.asked:
        if one.kind in {"approve", "reject"}:
            one.fake.fault(on=WRITES[one.kind], number=one.pull.number, delay=4)


def for_a_while(seconds: float, **what: Any) -> Callable[[Run], None]:
    """Let all requests go wrong, or those that `what` restricts."""

    def meanwhile(run: Run) -> None:
        with ExitStack() as stack:
            for fake in run.fakes:
                stack.enter_context(fake.failing(**what))
            time.sleep(max(2.0, seconds * run.size.stretch))

    return meanwhile


@contextmanager
def impatient_workers(run: Run) -> Iterator[None]:
    """Run workers that soon give up waiting for an answer."""
    run.world.work(HITL_FORGE_SECONDS="2")
    yield


# -- Others -----------------------------------------------------------------------------------


def push_in_between(run: Run) -> None:
    """Force-push before the first look, before the merge, or not at all, in turns."""
    moments = ("look", "merge", "", "merge")
    approved = [one for one in run.asked if one.kind == "approve"]
    for number, one in enumerate(approved):
        if moment := moments[number % len(moments)]:
            push = partial(
                one.fake.push, one.pull, {f"{one.pull.branch}.txt": "other\n"}, force=True
            )
            one.fake.fault(on=moment, number=one.pull.number, before=push)


def end_in_between(run: Run) -> None:
    """Let somebody merge or close just before the console does what was decided."""
    for number, one in enumerate(run.asked):
        act = one.fake.close if number % 5 == 4 else one.fake.merge
        before = partial(_unless_ended, act, one.pull)
        one.fake.fault(on=WRITES[one.kind], number=one.pull.number, before=before)


def _unless_ended(act: Callable[[Pull], object], pull: Pull) -> None:
    if pull.state == "open":
        act(pull)


# -- Webhooks ---------------------------------------------------------------------------------


def lose_webhooks(run: Run) -> None:
    for fake in run.fakes:
        fake.webhooks.hold()


def reorder_webhooks(run: Run) -> None:
    """Deliver what gathers in a second twice and in any order, until everything is carried out."""
    shuffled = partial(_shuffled, run.chance)
    while not run.settled.wait(0):
        for fake in run.fakes:
            fake.webhooks.hold()
        run.settled.wait(1)
        for fake in run.fakes:
            fake.webhooks.release(shuffled, times=2)


def _shuffled(chance: random.Random, held: Sequence[Webhook]) -> list[Webhook]:
    return chance.sample(list(held), len(held))


# -- People -----------------------------------------------------------------------------------


def decide_and_retract(run: Run) -> None:
    """Take each second decision back, around the time that ends that; decide on some again."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(partial(_retracted, run), range(len(run.asked)), run.asked))
    taken_back = sum(one.retracted for one in run.effects())
    run.notes.append(f"{taken_back} decisions were taken back in time.")


def _retracted(run: Run, number: int, one: Asked) -> None:
    decision = run.decide(one, first=number)
    if number % 2:
        return
    time.sleep(run.chance.uniform(0, 1.5 * UNDO_SECONDS))
    answer = run.sent(f"/hitl/decisions/{decision}/retract", {"reason": "A slip."}, first=number)
    assert answer.status_code in {200, 201, 409}, answer.text
    if answer.status_code < 400 and number % 4:
        run.decide(one, first=number)


FAULTS: tuple[Callable[[], Fault], ...] = (
    lambda: Fault("none", covered=True),
    lambda: AtEveryStep().fault("worker: SIGKILL at every step, and once more"),
    lambda: Fault("web process: killed after the commit", decide=kill_web_process),
    lambda: Fault("PostgreSQL: all backends terminated, at random", meanwhile=terminate_backends),
    lambda: Fault("forge: no answer after it did it", prepare=drop_answers),
    lambda: Fault(
        "forge: does it, and never ends its answer",
        prepare=for_each(trickle=0.2, endless=True),
        works=impatient_workers,
        covered=True,
    ),
    lambda: Fault(
        "forge: merges and closes after the console gave up",
        prepare=act_late,
        works=impatient_workers,
    ),
    lambda: Fault("forge: 500 for 20 s", meanwhile=for_a_while(20, reply=answers(500))),
    lambda: Fault(
        "forge: 429 for 20 s", meanwhile=for_a_while(20, reply=answers(429, Retry_After="1"))
    ),
    lambda: Fault(
        "forge: 405 to merges for 20 s", meanwhile=for_a_while(20, reply=answers(405), on="merge")
    ),
    lambda: Fault(
        "forge: 409 to merges for 20 s",
        meanwhile=for_a_while(20, reply=answers(409), on="merge"),
        covered=True,
    ),
    lambda: Fault(
        "forge: each answer after 0.5 s, for 60 s",
        meanwhile=for_a_while(60, delay=0.5),
        covered=True,
    ),
    lambda: Fault("others: force-push before look and merge", prepare=push_in_between),
    lambda: Fault("others: merge and close just before", prepare=end_in_between),
    lambda: Fault("webhooks: lost", prepare=lose_webhooks, covered=True),
    lambda: Fault("webhooks: twice, in any order", meanwhile=reorder_webhooks),
    lambda: Fault(
        "people: take decisions back within 2 s, and after",
        decide=decide_and_retract,
        variables={"HITL_UNDO_SECONDS": str(UNDO_SECONDS)},
    ),
)
"""Made when they are needed: some remember what they did."""
