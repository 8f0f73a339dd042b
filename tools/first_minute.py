"""Time the first minute: from the command to the first page, in all the ways to start.

`make first-minute ARGS="--write"` writes the table of docs/performance.md. Each round begins with
empty caches and an empty home, and needs a network: it installs all packages twice.
"""

import argparse
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import httpx

from tools import documented

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "performance.md"
MOST_SECONDS = 900.0
POLL_SECONDS = 0.02
UV = [sys.executable, "-m", "uv"]
PYTHON = str(Path(sys.executable).resolve())


class Round:
    """A home, caches and a clone, all of them new."""

    def __init__(self, folder: Path, wheel: Path) -> None:
        folder.chmod(0o755)  # as root, PostgreSQL is another user
        self._folder = folder
        self._clone = folder / "clone"
        self._data = folder / "home" / ".local" / "share" / "hitl-console"
        (folder / "home").mkdir()
        _run(["git", "clone", "--quiet", "--depth", "1", f"file://{ROOT}", str(self._clone)])
        self._make = ["make", "-C", str(self._clone), "run", f"PYTHON={PYTHON}"]
        self._uvx = [*UV, "tool", "run", "--python", PYTHON, "--from", str(wheel), "hitl-console"]

    def seconds(self) -> Iterator[tuple[str, float]]:
        """Yield what was timed, and the seconds that it took."""
        var = self._clone / "var"
        yield "`make run`, nothing cached", self._time(self._make, var)
        shutil.rmtree(self._clone / ".venv")
        self._put_away(var)
        yield "`make run`, pip's cache filled", self._time(self._make, var)
        yield "`make run`, installed before", self._time(self._make, var)
        yield "`uvx hitl-console`, nothing cached", self._time(self._uvx, self._data)
        self._put_away(self._data)
        yield "`uvx hitl-console`, uv's cache filled", self._time(self._uvx, self._data)
        yield "`uvx hitl-console`, with the data of before", self._time(self._uvx, self._data)

    def _put_away(self, data: Path) -> None:
        """Begin without data. Those of before are moved: their keeper may be looking at them."""
        data.rename(self._folder / f"before-{data.name}")

    def _time(self, command: list[str], data: Path) -> float:
        """Start the console; return after how many seconds its first page was there. Stop it."""
        address = data / "address"
        address.unlink(missing_ok=True)
        began = time.monotonic()
        process = subprocess.Popen(
            command, env=self._environment(), stdout=subprocess.DEVNULL, start_new_session=True
        )
        try:
            _wait(lambda: _answers(address) or process.poll() is not None)
            if process.poll() is not None:
                sys.exit(f"error: {' '.join(command)} ended with {process.returncode}")
            return time.monotonic() - began
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait()

    def _environment(self) -> dict[str, str]:
        ours = {name: text for name, text in os.environ.items() if not name.startswith("HITL_")}
        folders = {"HOME": "home", "PIP_CACHE_DIR": "pip", "UV_CACHE_DIR": "uv"}
        return {
            **ours,
            **{name: str(self._folder / folder) for name, folder in folders.items()},
            "PORT": "0",
        }


def _answers(address: Path) -> bool:
    try:
        return httpx.get(f"{address.read_text()}/sign-in").status_code == 200
    except (OSError, httpx.HTTPError):
        return False


def _wait(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + MOST_SECONDS
    while not condition():
        if time.monotonic() > until:
            sys.exit(f"error: no page after {MOST_SECONDS:.0f} s")
        time.sleep(POLL_SECONDS)


def _run(command: list[str]) -> None:
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)


class Row(NamedTuple):
    name: str
    seconds: list[float]

    def __str__(self) -> str:
        lowest, highest = min(self.seconds), max(self.seconds)
        median = statistics.median(self.seconds)
        return f"| {self.name} | {median:.1f} s | {lowest:.1f}–{highest:.1f} s |"


def measure(rounds: int) -> tuple[list[Row], int]:
    """Return the rows of the table, and the size of the wheel in bytes."""
    found: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory(prefix="first-minute-") as name:
        options = ["--wheel", "--no-build-isolation", "--python", sys.executable]
        _run([*UV, "build", "--quiet", *options, "--out-dir", name])
        [wheel] = Path(name).glob("*.whl")
        for number in range(rounds):
            with tempfile.TemporaryDirectory(
                prefix="first-minute-", ignore_cleanup_errors=True
            ) as folder:
                for what, seconds in Round(Path(folder), wheel).seconds():
                    print(f"round {number + 1}: {what}: {seconds:.1f} s", flush=True)
                    found.setdefault(what, []).append(seconds)
        return [Row(*one) for one in found.items()], wheel.stat().st_size


def table(rows: list[Row], size: int, command: str) -> list[str]:
    head = documented.head(["from the command to the first page", "median", "range"])
    weight = f"The wheel has {size / 1e6:.2f} MB."
    return [*head, *map(str, rows), "", f"{weight} {documented.made(command)}"]


def main() -> None:
    parser = argparse.ArgumentParser(prog="make first-minute", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="default: %(default)s")
    parser.add_argument("--write", action="store_true", help="write docs/performance.md")
    options = parser.parse_args()
    lines = table(*measure(options.rounds), command='make first-minute ARGS="--write"')
    print(*lines, sep="\n")
    if options.write:
        documented.write(PAGE, "first minute", lines)


if __name__ == "__main__":
    main()
