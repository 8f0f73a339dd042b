"""Which promtool the tests take, as an example of programs from Debian's packages."""

from pathlib import Path

import pytest

from tests.support.debian_program import PROMTOOL, NoProgram
from tests.support.machine import Machine

UNPACK = (
    """mkdir -p "$3/usr/bin"; cp "$2" "$3/usr/bin/promtool"; chmod 755 "$3/usr/bin/promtool\""""
)
"""A `dpkg -x` of a package that is nothing but the program."""


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    machine = Machine(tmp_path)
    machine.environment["PATH"] += ":/usr/bin:/bin"
    machine.put("dpkg", UNPACK)
    return machine


@pytest.fixture
def fetched(tmp_path: Path) -> Path:
    return tmp_path / "fetched"


def test_promtool_named_by_the_variable_comes_before_the_one_on_path(
    machine: Machine, fetched: Path
) -> None:
    machine.put("promtool")
    named = machine.put("my-own")
    assert PROMTOOL.obtain({**machine.environment, "PROMTOOL": str(named)}, fetched, []) == named


def test_variable_that_names_nothing_is_said_and_not_passed_over(
    machine: Machine, fetched: Path
) -> None:
    machine.put("promtool")
    with pytest.raises(NoProgram, match="PROMTOOL is set to /nowhere/promtool, which is no"):
        PROMTOOL.obtain({**machine.environment, "PROMTOOL": "/nowhere/promtool"}, fetched, [])


def test_one_that_starts_is_taken_from_path(machine: Machine, fetched: Path) -> None:
    on_path = machine.put("promtool")
    assert PROMTOOL.obtain(machine.environment, fetched, [["false"]]) == on_path


def test_package_is_downloaded_once_and_only_its_program_is_kept(
    machine: Machine, fetched: Path
) -> None:
    machine.put("promtool", "exit 1")
    download = machine.put("download", "printf '#!/bin/sh\\nexit 0\\n' > prometheus_1_amd64.deb")
    ways = [[["/nowhere/apt-get"]], [["true"], [str(download)]]]
    assert PROMTOOL.obtain(machine.environment, fetched, ways) == fetched
    assert PROMTOOL.obtain(machine.environment, fetched, []) == fetched
    assert [one.name for one in fetched.parent.iterdir() if "fetched" in one.name] == ["fetched"]


def test_package_without_a_program_that_starts_is_no_success(
    machine: Machine, fetched: Path
) -> None:
    machine.put("promtool", "exit 1")
    download = machine.put("download", "printf 'exit 1\\n' > prometheus_1_amd64.deb")
    with pytest.raises(NoProgram):
        PROMTOOL.obtain(machine.environment, fetched, [[[str(download)]]])
    assert not fetched.exists()


def test_failure_says_in_one_sentence_what_to_do(machine: Machine, fetched: Path) -> None:
    machine.put("promtool", "exit 1")
    with pytest.raises(NoProgram) as failure:
        PROMTOOL.obtain(machine.environment, fetched, [[["/nowhere/apt-get"]]])
    text = str(failure.value)
    assert text.count(". ") == 0
    assert "put it on PATH, set PROMTOOL to its path, or install Debian's package" in text
