"""Decisions on three forges at once, a fault meanwhile, and what became of them."""

import random
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from itertools import count, cycle, islice
from typing import Any
from uuid import uuid4

import httpx
import psycopg

from tests.support.forges import FakeForge
from tests.support.forges.watched import name_of
from tests.support.site import decision
from tests.support.waiting import START_SECONDS, wait_for
from tools.effects.outcome import Outcome, Recorded, compare, recorded
from tools.effects.world import Asked, World

KINDS = ("approve", "reject", "modify", "escalate", "approve", "approve", "reject", "approve")
"""The kinds of decision, over and over."""
DECIDER = "lead"
AT_ONCE = 4
SETTLE_SECONDS = 300
POLL_SECONDS = 0.5
"""How often the effects are read while they are awaited: more often would slow what is measured."""


@dataclass(frozen=True)
class Size:
    """How many decisions on each forge, and how long a fault lasts; 1 is full size."""

    decisions: int
    stretch: float


FULL = Size(decisions=300, stretch=1.0)
SMALL = Size(decisions=4, stretch=0.2)


@dataclass
class Run:
    """One fault: the pull requests, the decisions on them, and what was seen."""

    world: World
    size: Size
    fakes: list[FakeForge]
    asked: list[Asked]
    client: httpx.Client
    """One that is signed in, for both servers."""
    chance: random.Random = field(default_factory=lambda: random.Random(7))
    decisions: dict[str, Asked] = field(default_factory=dict)
    """By the id that a server answered."""
    notes: list[str] = field(default_factory=list)
    settled: threading.Event = field(default_factory=threading.Event)

    def decide(self, one: Asked, first: int = 0) -> str:
        """Decide, under one key until a server answers; return the decision's id."""
        body = decision(one.apv_id, decision=one.kind, modifications={"version": "2"})
        answer = self.sent("/hitl/decisions", body, first)
        assert answer.status_code == 200, answer.text
        found = str(answer.json()["decision_id"])
        self.decisions[found] = one
        return found

    def sent(self, path: str, body: dict[str, Any], first: int = 0) -> httpx.Response:
        """Send a request to both servers in turn, until one of them answers."""
        key = {"Idempotency-Key": str(uuid4())}
        numbers = count(first)

        def answer() -> httpx.Response | None:
            url = f"{self.world.servers[next(numbers) % 2].origin}{path}"
            with suppress(httpx.TransportError):
                found = self.client.post(url, json=body, headers=key)
                return found if found.status_code < 500 else None
            return None

        found: httpx.Response = wait_for(answer, f"a server to answer {path}", START_SECONDS)
        return found

    def effects(self) -> list[Recorded]:
        return [one for fake in self.fakes for one in recorded(self.world.site.rows, name_of(fake))]


def nothing(run: Run) -> None:
    """Do nothing."""


def decide_all(run: Run, asked: list[Asked] | None = None) -> None:
    """Decide on everything, or on what is given, several at once."""
    given = run.asked if asked is None else asked
    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(run.decide, given, range(len(given))))


@contextmanager
def usual_workers(run: Run) -> Iterator[None]:
    run.world.work()
    yield


@dataclass(frozen=True)
class Fault:
    """What breaks: `prepare` before the decisions, `meanwhile` in a thread beside them.

    `decide` makes the decisions, and `works` runs what carries them out. `variables` are settings
    of the installation. It needs at least `least` decisions on each forge to break anything. What
    is `covered` by another fault or by tests in one process is not in the short form.
    """

    title: str
    prepare: Callable[[Run], None] = nothing
    meanwhile: Callable[[Run], None] = nothing
    decide: Callable[[Run], None] = decide_all
    works: Callable[[Run], AbstractContextManager[None]] = usual_workers
    variables: dict[str, str] = field(default_factory=dict)
    least: int = 0
    covered: bool = False


def measure(fault: Fault, world: World, size: Size, told: Callable[[str], object]) -> "Measured":
    """Inject one fault into an installation, and return what it did."""
    with world.forges() as fakes:
        told("opening pull requests")
        kinds = list(islice(cycle(KINDS), max(size.decisions, fault.least)))
        client = world.servers[0].client(DECIDER)
        run = Run(world, size, fakes, world.taken_in(fakes, kinds), client)
        with fault.works(run):
            fault.prepare(run)
            meanwhile = _Beside(partial(fault.meanwhile, run))
            told("deciding")
            fault.decide(run)
            _settle(run, told)
            run.settled.set()
            meanwhile.ended()
            for fake in fakes:
                fake.webhooks.lose()  # what the fault still holds
                fake.webhooks.settle()
            told("comparing")
            world.drained()
            world.reconcile(fakes)
            world.drained()
        return _measured(run)


@dataclass
class Measured:
    """The outcome of a fault, each failure in words, and notes for the reader."""

    outcome: Outcome
    failures: list[str]
    notes: list[str]


def _measured(run: Run) -> Measured:
    outcome, failures = Outcome(), list[str]()
    for fake in run.fakes:
        ids = [key for key, one in run.decisions.items() if one.fake is fake]
        found, words = compare(recorded(run.world.site.rows, name_of(fake)), fake, ids)
        outcome.add(found)
        failures += words
    return Measured(outcome, failures, run.notes)


def _settle(run: Run, told: Callable[[str], object]) -> None:
    """Wait until all effects have ended. One that does not end in time is lost."""
    deadline = time.monotonic() + SETTLE_SECONDS
    while time.monotonic() < deadline:
        with suppress(psycopg.OperationalError):  # a fault may end this connection, too
            effects = run.effects()
            ended = sum(one.ended for one in effects)
            told(f"{ended} of {len(run.decisions)} carried out")
            if ended == len(run.decisions) == len(effects):
                return
        time.sleep(POLL_SECONDS)


class _Beside:
    """A thread whose exception is raised when it has ended."""

    def __init__(self, act: Callable[[], None]) -> None:
        self._act = act
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._act()
        except BaseException as error:
            self._error = error

    def ended(self) -> None:
        self._thread.join()
        if self._error:
            raise self._error
