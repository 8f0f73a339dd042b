"""Servers whose clocks are wrong, as those of hosts that nobody synchronises."""

import os
import subprocess
import sys
import sysconfig
from collections.abc import Mapping
from pathlib import Path

from tests.support.debian_program import DebianProgram

MINUTE = 60
SLEEPING = Path(__file__).parent / "wrong_clock"
YEARS_AGO = "-1000000000"
"""Seconds by which a clock is wrong if the library works."""
IS_WRONG = "import time; raise SystemExit(time.time() > 1_000_000_000)"


class FakeTime(DebianProgram):
    """The library that shows a process another wall clock; the monotonic one stays right."""

    variable = "FAKETIME_LIBRARY"

    def on_machine(self, environment: Mapping[str, str]) -> Path | None:
        return Path("/") / self.path

    def starts(self, path: Path) -> bool:
        if not path.is_file():  # the loader only warns of a library that is missing
            return False
        changed = {**os.environ, **_variables(path, YEARS_AGO)}
        done = subprocess.run([sys.executable, "-c", IS_WRONG], env=changed, check=False)
        return done.returncode == 0


FAKETIME = FakeTime(
    f"usr/lib/{sysconfig.get_config_var('MULTIARCH')}/faketime/libfaketimeMT.so.1", "libfaketime"
)


def clock_wrong_by(minutes: int) -> dict[str, str]:
    """Return the variables of a process whose clock is ahead, or behind. Raise NoProgram."""
    return _variables(FAKETIME.obtain(), f"{minutes * MINUTE:+}")


def _variables(library: Path, seconds: str) -> dict[str, str]:
    return {
        "LD_PRELOAD": str(library),
        "FAKETIME": seconds,
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "FAKETIME_FORCE_MONOTONIC_FIX": "0",  # it wakes Python's waiting threads all the time
        "PYTHONPATH": f"{SLEEPING}{os.pathsep}{os.environ.get('PYTHONPATH', '')}",
    }
