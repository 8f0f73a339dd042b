"""Kill workers at every step of carrying decisions out."""

from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from reviews.choices import EffectKind
from tests.support.waiting import START_SECONDS, wait_for
from tools.effects.outcome import Recorded
from tools.effects.run import Fault, Run, decide_all
from tools.effects.world import DyingWorkers

Group = tuple[str, str]
"""A kind of forge and a kind of effect: those of a group take the same steps."""


class AtEveryStep:
    """Learns the steps of each group from one effect; then each step of them kills a worker.

    Each effect loses its worker once at its own step, and once more at a later attempt, at any
    step. With fewer effects than steps in a group, the steps that kill are spread evenly.
    """

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._lengths: dict[Group, int] = {}
        self._killed: dict[Group, set[int]] = defaultdict(set)

    def fault(self, title: str) -> Fault:
        return Fault(title, decide=self._decide, works=self._works, least=2 * len(EffectKind))

    @contextmanager
    def _works(self, run: Run) -> Iterator[None]:
        run.world.stop_working()
        self._dying = DyingWorkers(run.world)
        with self._stack:
            yield
        self._note(run)

    def _decide(self, run: Run) -> None:
        first = list({(one.fake.kind, one.kind): one for one in reversed(run.asked)}.values())
        rest = [one for one in run.asked if one not in first]
        with self._dying.running():
            decide_all(run, first)
            wait_for(lambda: all(one.ended for one in run.effects()), "them", START_SECONDS)
        for group, (one,) in self._groups(run).items():
            [steps] = self._dying.steps(one.id, "lived")[:1]
            self._lengths[group] = len(steps)
        decide_all(run, rest)
        for group, effects in self._groups(run).items():
            self._plan(run, group, [one for one in effects if not one.ended])
        self._stack.enter_context(self._dying.running())

    def _plan(self, run: Run, group: Group, effects: list[Recorded]) -> None:
        length = self._lengths[group]
        for number, one in enumerate(effects):
            few = len(effects) < length
            at = number * length // len(effects) if few else number % length
            self._dying.plan(one.id, [at + 1, run.chance.randint(1, length)])

    def _groups(self, run: Run) -> dict[Group, list[Recorded]]:
        groups: dict[Group, list[Recorded]] = defaultdict(list)
        for one in run.effects():
            asked = run.decisions[one.decision_id]
            groups[asked.fake.kind, one.kind].append(one)
        return groups

    def _note(self, run: Run) -> None:
        """Say at how many of how many steps a worker was killed."""
        kills = 0
        for group, effects in self._groups(run).items():
            deaths = [one for effect in effects for one in self._dying.steps(effect.id, "died")]
            kills += len(deaths)
            self._killed[group] = {len(one) for one in deaths}
        steps = sum(self._lengths.values())
        reached = sum(
            len(self._killed[group] & set(range(1, length + 1)))
            for group, length in self._lengths.items()
        )
        run.notes.append(f"Workers were killed {kills} times, at {reached} of {steps} steps.")
