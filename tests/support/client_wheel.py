"""The Python client as people get it: its wheel, in a virtual environment of its own."""

import subprocess
import sys
from pathlib import Path

from tests.support.site import ROOT

SOURCE = ROOT / "clients" / "python"


def built(folder: Path) -> Path:
    """Return the wheel, built from the source distribution."""
    run("build", "--out-dir", str(folder), str(SOURCE))
    [wheel] = folder.glob("*.whl")
    return wheel


def new_environment(folder: Path, *more: str) -> Path:
    """Return the folder of programs of a new environment with the wheel, and `more` of PyPI."""
    wheel = built(folder / "dist")
    run("venv", "--python", sys.executable, str(folder / "venv"))
    programs = folder / "venv" / "bin"
    run("pip", "install", "--python", str(programs / "python"), str(wheel), *more)
    return programs


def run(*words: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "uv", "--no-progress", *words],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
