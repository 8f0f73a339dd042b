"""Which Python `make` uses; programs that claim to be some version replace real ones."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.site import ROOT

MAKE = shutil.which("make") or "make"


class Machine:
    """A clone of what `make` needs, with only the given Pythons in PATH and home."""

    def __init__(self, folder: Path) -> None:
        self.clone = folder / "clone"
        self.path = folder / "path"
        self.home = folder / "home"
        self.system = folder / "system"
        for made in (self.clone, self.path, self.home, self.system):
            made.mkdir()
        for name in ("Makefile", "find_python.sh"):
            shutil.copy(ROOT / name, self.clone)
        (self.path / "sh").symlink_to("/bin/sh")

    def make(self, *arguments: str, **variables: str) -> "subprocess.CompletedProcess[str]":
        environment = {
            "PATH": str(self.path),
            "HOME": str(self.home),
            "PYTHON_FOLDERS": str(self.system),
            **variables,
        }
        return subprocess.run(
            [MAKE, "installed", *arguments],
            cwd=self.clone,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def python(place: Path, version: str) -> str:
    """Put a program at `place` that claims to be Python `version`, and names itself on install."""
    return program(place, f'case $1 in -c) echo {version} ;; *) echo "{place} runs $*" ;; esac')


def program(place: Path, script: str) -> str:
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(f"#!/bin/sh\n{script}\n")
    place.chmod(0o755)
    return str(place)


@pytest.mark.parametrize("version", ["3.11", "3.12", "3.13", "3.14"])
def test_python3_is_taken_where_it_is_new_enough(machine: Machine, version: str) -> None:
    taken = python(machine.path / "python3", version)
    python(machine.path / "python3.14", "3.14")
    done = machine.make()
    assert done.stdout == f"{taken} runs install.py run\n"
    assert done.stderr == ""


@pytest.mark.parametrize(
    "place",
    [
        "path/python3.12",
        "system/python3.12",
        "home/.local/bin/python3.12",
        "home/.pyenv/versions/3.12.1/bin/python3",
        "home/.local/share/uv/python/cpython-3.12.7-linux-x86_64-gnu/bin/python3",
    ],
)
def test_newer_python_is_taken_in_place_of_one_that_is_too_old(
    machine: Machine, tmp_path: Path, place: str
) -> None:
    python(machine.path / "python3", "3.9")
    taken = python(tmp_path / place, "3.12")
    done = machine.make()
    assert done.stdout == f"{taken} runs install.py run\n"
    assert done.stderr == f"python3 is Python 3.9; taking {taken} instead.\n"


def test_newest_one_is_taken_that_runs(machine: Machine) -> None:
    python(machine.path / "python3", "2.7")
    program(machine.path / "python3.14", "exit 127")
    taken = python(machine.system / "python3.13", "3.13")
    python(machine.path / "python3.11", "3.11")
    assert machine.make().stdout == f"{taken} runs install.py run\n"


def test_folders_of_pyenv_and_uv_may_lie_elsewhere(machine: Machine, tmp_path: Path) -> None:
    older = python(tmp_path / "versions" / "3.11.7" / "bin" / "python3", "3.11")
    assert machine.make(PYENV_ROOT=str(tmp_path)).stdout.startswith(older)
    newer = python(tmp_path / "uv folder" / "cpython-3.13.0-macos" / "bin" / "python3", "3.13")
    variables = {"PYENV_ROOT": str(tmp_path), "UV_PYTHON_INSTALL_DIR": str(tmp_path / "uv folder")}
    assert machine.make(**variables).stdout.startswith(newer)


def test_python3_that_is_not_there_is_no_hindrance(machine: Machine) -> None:
    taken = python(machine.path / "python3.11", "3.11")
    done = machine.make()
    assert done.stdout == f"{taken} runs install.py run\n"
    assert done.stderr == f"python3 is not there; taking {taken} instead.\n"


def test_python_newer_than_those_that_are_tried_comes_last(machine: Machine) -> None:
    newer = python(machine.path / "python3", "3.15")
    assert machine.make().stdout.startswith(newer)
    tried = python(machine.path / "python3.13", "3.13")
    assert machine.make().stdout.startswith(tried)


def test_python_that_made_the_environment_goes_on_with_it(machine: Machine) -> None:
    python(machine.path / "python3", "3.13")
    python(machine.clone / ".venv" / "bin" / "python", "3.12")
    assert machine.make().stdout.startswith(f"{machine.clone}/.venv/bin/python runs")


def test_environment_whose_python_is_gone_is_made_with_another(machine: Machine) -> None:
    taken = python(machine.path / "python3", "3.13")
    (machine.clone / ".venv" / "bin").mkdir(parents=True)
    (machine.clone / ".venv" / "bin" / "python").symlink_to("/nowhere/python3.11")
    assert machine.make().stdout == f"{taken} runs install.py run\n"


@pytest.mark.parametrize("as_variable", [True, False])
def test_named_python_is_taken(machine: Machine, tmp_path: Path, as_variable: bool) -> None:
    python(machine.path / "python3", "3.13")
    named = python(tmp_path / "a folder" / "python3", "3.11")
    done = machine.make(PYTHON=named) if as_variable else machine.make(f"PYTHON={named}")
    assert done.stdout == f"{named} runs install.py run\n"


def test_named_python_that_is_too_old_is_refused_and_no_other_taken(machine: Machine) -> None:
    python(machine.path / "python3", "3.13")
    named = python(machine.path / "old", "3.10")
    done = machine.make(f"PYTHON={named}")
    assert done.returncode != 0
    assert f"error: HITL Console needs Python 3.11 or later, and '{named}' is Python 3.10" in (
        done.stderr
    )
    assert "PYTHON=/usr/bin/python3.12" in done.stderr


def test_without_any_python_that_is_new_enough_the_error_says_what_there_is(
    machine: Machine,
) -> None:
    done = machine.make()
    assert done.returncode != 0
    assert "needs Python 3.11 or later, and 'python3' is not there\n" in done.stderr
    python(machine.path / "python3", "3.8")
    done = machine.make()
    assert done.returncode != 0
    assert "needs Python 3.11 or later, and 'python3' is Python 3.8\n" in done.stderr


def test_without_make_a_python_that_is_too_old_is_told_too() -> None:
    code = "import sys, runpy; sys.version_info = (3, 9, 2); sys.version = '3.9.2 (main)'"
    code += "; sys.argv = ['install.py', 'run']; runpy.run_path('install.py', run_name='__main__')"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr == "error: HITL Console needs Python 3.11 or later, and this is 3.9.2\n"
