"""Tables that tools write into the documentation, each between marks that have its name:

<!-- NAME: made by make TARGET -->
<!-- NAME: end -->
"""

import os
import platform
import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path


def write(page: Path, name: str, lines: Sequence[str]) -> None:
    """Write `lines` between the marks of `name`, in place of what was there."""
    marks = re.compile(rf"(<!-- {name}: made by .* -->\n).*?(<!-- {name}: end -->)", re.DOTALL)
    text = "\n".join(["", *lines, "", ""])
    replaced, count = marks.subn(lambda found: found[1] + text + found[2], page.read_text())
    assert count == 1, f"{page} has no place for {name}"
    page.write_text(replaced)


def row(cells: Iterable[object]) -> str:
    return "| " + " | ".join(map(str, cells)) + " |"


def head(names: Sequence[str]) -> list[str]:
    """Return the head of a table of figures, whose first column has words."""
    return [row(names), "| --- " + "| ---: " * (len(names) - 1) + "|"]


def made(command: str) -> str:
    """Return when, by which command and on which machine figures were measured."""
    load = f"under a load of {os.getloadavg()[2]:.0f}"
    machine = f"{os.cpu_count()} cores {load}, {platform.machine()}"
    python = f"{platform.system()}, Python {platform.python_version()}"
    return f"Made on {datetime.now(UTC):%Y-%m-%d} by `{command}`, on {machine}, {python}."
