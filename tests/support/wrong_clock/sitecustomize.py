"""Let a process with a wrong clock sleep: the library that shows it breaks Python's own way to.

Python starts this in the processes whose PYTHONPATH has its folder.
"""

import select
import time
from typing import Any


def _sleep(seconds: Any) -> None:
    select.select([], [], [], seconds)


time.sleep = _sleep
