"""The units for systemd: whole, hardened, and running commands that exist."""

import re
import shlex
import shutil
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import get_commands, load_command_class

from hitl_project.servers.supervisor import REQUEST_SECONDS
from jobs.worker import FINISH_SECONDS
from tests.support.site import ROOT
from tests.support.systemd import NoSystemd, analyze, environment

pytestmark = pytest.mark.server

UNITS = ROOT / "deploy" / "systemd"
SERVICES = sorted(UNITS.glob("*.service"))
PROGRAM = "/opt/hitl-console/bin/hitl-console"
MOST_EXPOSURE = 2.0


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The units, with a program that exists here in place of the one that they run."""
    try:
        environment()
    except NoSystemd as missing:
        pytest.skip(str(missing))
    folder = tmp_path_factory.mktemp("units") / "units"
    shutil.copytree(UNITS, folder)
    for path in folder.glob("*.service"):
        path.write_text(path.read_text().replace(PROGRAM, sys.executable))
    return folder


def test_units_are_what_systemd_expects(installed: Path) -> None:
    paths = [str(path) for path in installed.iterdir() if path.is_file()]
    assert len(paths) == len(SERVICES) + 2
    done = analyze("verify", *paths)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


@pytest.mark.parametrize("name", [path.name for path in SERVICES])
def test_service_is_exposed_little(installed: Path, name: str) -> None:
    done = analyze("security", "--offline=true", str(installed / name))
    [exposure] = re.findall(r"exposure level .*: ([\d.]+)", done.stdout)
    assert float(exposure) <= MOST_EXPOSURE, done.stdout


def test_judge_tells_a_service_that_is_not_hardened(installed: Path, tmp_path: Path) -> None:
    shutil.copy(installed / "hitl-console-web.service", tmp_path)  # without what all share
    done = analyze("security", "--offline=true", str(tmp_path / "hitl-console-web.service"))
    [exposure] = re.findall(r"exposure level .*: ([\d.]+)", done.stdout)
    assert float(exposure) > 3 * MOST_EXPOSURE


@pytest.mark.parametrize("path", SERVICES, ids=lambda path: path.stem)
def test_service_runs_commands_with_options_that_exist(path: Path) -> None:
    commands = re.findall(rf"^ExecStart={PROGRAM} (.*)$", path.read_text(), re.MULTILINE)
    assert commands
    for command in commands:
        name, *options = shlex.split(command)
        parser = load_command_class(get_commands()[name], name).create_parser("hitl-console", name)
        parser.parse_args(options)


@pytest.mark.parametrize(
    ("name", "least"),
    [
        (
            "hitl-console-web",
            settings.HITL_SHUTDOWN_GRACE_SECONDS
            + settings.HITL_SHUTDOWN_SPREAD_SECONDS
            + REQUEST_SECONDS,
        ),
        ("hitl-console-worker", FINISH_SECONDS),
    ],
)
def test_service_has_time_to_end(name: str, least: float) -> None:
    unit = (UNITS / f"{name}.service").read_text()
    assert int(re.findall(r"^TimeoutStopSec=(\d+)$", unit, re.MULTILINE)[0]) > least
