"""Which Chromium the tests take."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.chromium import PLAYWRIGHTS_OWN, SHELLS, NoChromium, obtain
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
    for name in ("chrome", "google-chrome", "chromium-browser", "chromium", *reversed(SHELLS)):
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


def test_shell_that_playwright_installed_comes_before_its_whole_browser(machine: Machine) -> None:
    browsers = Path(machine.environment["PLAYWRIGHT_BROWSERS_PATH"])
    whole = Path(own(machine))
    shell = browsers / whole.relative_to(browsers).parts[0].replace("-", "_headless_shell-")
    for path in (whole, shell / "chrome-headless-shell-linux64" / "chrome-headless-shell"):
        path.parent.mkdir(parents=True)
        path.write_text("#!/bin/sh\n")
        path.chmod(0o755)
        assert obtain(machine.environment, []) == path


def own(machine: Machine) -> str:
    """Return where Playwright would install the whole browser."""
    command = [sys.executable, "-c", PLAYWRIGHTS_OWN]
    env = machine.environment
    return subprocess.run(command, env=env, capture_output=True, text=True).stdout.strip()


def test_failure_says_in_one_sentence_what_to_do(machine: Machine) -> None:
    with pytest.raises(NoChromium) as failure:
        obtain(machine.environment, [[["/nowhere/installer"]]])
    text = str(failure.value)
    assert text.count(". ") == 0
    assert text.endswith("-m playwright install --with-deps chromium.")
    assert "put chromium on PATH, set CHROMIUM to its path, or run" in text
