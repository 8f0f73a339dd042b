"""Which Chromium the tests take."""

from pathlib import Path

import pytest

from tests.support.chromium import NoChromium, obtain
from tests.support.machine import Machine


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_chromium_named_by_the_variable_comes_before_the_one_on_path(machine: Machine) -> None:
    machine.put("chromium")
    named = machine.put("my-own")
    assert obtain({**machine.environment, "CHROMIUM": str(named)}) == named


def test_variable_that_names_nothing_is_said_and_not_passed_over(machine: Machine) -> None:
    machine.put("chromium")
    with pytest.raises(NoChromium, match="CHROMIUM is set to /nowhere/chrome, which is no"):
        obtain({**machine.environment, "CHROMIUM": "/nowhere/chrome"})


def test_names_on_path_are_tried_in_their_order(machine: Machine) -> None:
    for name in ("chrome", "google-chrome", "chromium-browser", "chromium"):
        path = machine.put(name)
        assert obtain(machine.environment) == path


def test_chromium_that_does_not_start_is_passed_over(machine: Machine) -> None:
    machine.put("chromium", "echo 'error while loading shared libraries' >&2; exit 127")
    works = machine.put("google-chrome")
    assert obtain(machine.environment) == works


def test_ways_of_installing_are_tried_until_one_brings_a_chromium(machine: Machine) -> None:
    made = machine.programs / "chromium"
    fails = str(machine.put("fails", "exit 1"))
    works = str(machine.put("works", f"echo '#!/bin/sh' > {made}; /bin/chmod 755 {made}"))
    assert obtain(machine.environment, [[[fails], [works]], [[works]]]) == made


def test_failure_says_in_one_sentence_what_to_do(machine: Machine) -> None:
    with pytest.raises(NoChromium) as failure:
        obtain(machine.environment, [[["/nowhere/installer"]]])
    text = str(failure.value)
    assert text.count(". ") == 0
    assert text.endswith("-m playwright install --with-deps chromium.")
    assert "put chromium on PATH, set CHROMIUM to its path, or run" in text
