"""Workers that die at chosen steps: `python -m tools.effects.dying_workers FOLDER COUNT JOBS`.

This process forks COUNT workers, which is faster than to start them, and another one for each that
has died, until it is told to end. Each notes the steps of its attempts to carry effects out in
FOLDER. A file FOLDER/<effect>.plan names the steps at which its workers die, one attempt a number.
"""

import json
import os
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import NoReturn
from uuid import UUID

from hitl_project.embedded import servers

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hitl_project.settings")
servers.start()

import django  # noqa: E402

django.setup()

from django.core.management import execute_from_command_line  # noqa: E402

from jobs import deferring  # noqa: E402
from reviews.effects import carrying_out  # noqa: E402
from tests.support.steps import steps_are_told, told_of_steps  # noqa: E402

_carry_out = carrying_out.carry_out


class _Noted:
    """Notes the steps of one attempt, and dies at the one that its effect's plan names."""

    def __init__(self, folder: Path, effect_id: UUID) -> None:
        self._steps: list[str] = []
        self._path = folder / str(effect_id)
        self._dies_at = self._planned()

    def _planned(self) -> int:
        """Return the number of the step to die at; 0 if this attempt is to live."""
        plan = self._path.with_suffix(".plan")
        if not plan.exists():
            return 0
        numbers = json.loads(plan.read_text())
        deaths = len(list(self._path.parent.glob(f"{self._path.name}.died-*")))
        return int(numbers[deaths]) if deaths < len(numbers) else 0

    def reach(self, words: str) -> None:
        self._steps.append(words)
        if len(self._steps) == self._dies_at:
            self.note("died")
            os.kill(os.getpid(), signal.SIGKILL)

    def note(self, how: str) -> None:
        found = len(list(self._path.parent.glob(f"{self._path.name}.{how}-*")))
        unfinished = self._path.with_suffix(".unfinished")
        unfinished.write_text(json.dumps(self._steps))
        unfinished.replace(self._path.with_suffix(f".{how}-{found}"))  # others read it any time


def _work(folder: Path, jobs: str) -> NoReturn:
    """Be a worker. It compares no repositories at its start, as so many begin."""

    def carry_out(effect_id: UUID) -> None:
        noted = _Noted(folder, effect_id)
        with told_of_steps(noted.reach):
            _carry_out(effect_id)
        noted.reach("end of the job")
        noted.note("lived")

    deferring.STARTS.clear()
    carrying_out.carry_out = carry_out
    with steps_are_told():
        execute_from_command_line(["manage.py", "work", "--jobs", jobs])
    os._exit(0)


def main() -> None:
    folder, count, jobs = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    children: set[int] = set()

    def end(*_: int | FrameType | None) -> None:
        for child in children:
            os.kill(child, signal.SIGTERM)  # they end their jobs first
        for child in children:
            os.waitpid(child, 0)
        os._exit(0)

    signal.signal(signal.SIGTERM, end)
    while True:
        while len(children) < count:
            if child := os.fork():
                children.add(child)
            else:
                signal.signal(signal.SIGTERM, signal.SIG_DFL)
                _work(folder, jobs)
        ended, _ = os.waitpid(-1, 0)
        children.discard(ended)


if __name__ == "__main__":
    main()
