"""The container image: how it is built, and what is in it."""

import fnmatch
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.ports import free_port
from tests.support.site import ROOT
from tools.faults.world import World

DOCKERFILE = (ROOT / "Dockerfile").read_text()
HARDENED = ("--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges")
BUILD_SECONDS = 850
WAYS_TO_HAVE = (("image", "inspect"), ("pull", "--quiet"))


def copied() -> list[str]:
    """Return what the image gets from the repository."""
    lines = re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE, re.MULTILINE)
    return [path for line in lines for path in line.split()]


def test_hadolint_has_no_complaint() -> None:
    hadolint = Path(sys.prefix) / "bin" / "hadolint"
    if not hadolint.exists():
        pytest.skip("hadolint is not compiled for this platform")
    done = subprocess.run(
        [str(hadolint), str(ROOT / "Dockerfile")], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, "")


def test_image_gets_each_package_and_nothing_else_is_sent_to_docker() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    packages = project["tool"]["importlinter"]["root_packages"]
    assert {name for name in packages if (ROOT / name).is_dir()} <= set(copied())
    rules = (ROOT / ".dockerignore").read_text().splitlines()
    assert rules[0].startswith("# Only what runs")
    assert rules[1] == "*"
    assert {rule.removeprefix("!") for rule in rules if rule.startswith("!")} == set(copied())
    for path in copied():
        assert (ROOT / path).exists(), path


def test_nothing_private_is_in_what_the_image_gets() -> None:
    tracked = subprocess.run(
        ["git", "ls-files", "--others", "--ignored", "--exclude-standard", "--", *copied()],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    rules = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if "**" in line]
    ignored = [rule.replace("**/", "*") for rule in rules]
    sent = [one for one in tracked if not any(fnmatch.fnmatch(one, f"{r}*") for r in ignored)]
    assert sent == []


# -- Its health check -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    started = World(ALLOWED_HOSTS="console.example.com,127.0.0.1")
    yield started
    started.close()


def health(**variables: str) -> int:
    command = [sys.executable, "deploy/healthcheck.py"]
    return subprocess.run(command, cwd=ROOT, env=variables, check=False).returncode


def test_health_check_asks_for_readiness_under_an_allowed_name(world: World) -> None:
    port = world.servers[0].origin.rpartition(":")[2]
    assert health(PORT=port, ALLOWED_HOSTS="console.example.com") == 0
    assert health(PORT=port, HOST="0.0.0.0", ALLOWED_HOSTS="console.example.com,x.example") == 0
    assert health(PORT=port, ALLOWED_HOSTS="other.example") == 1
    assert health(PORT=str(free_port()), ALLOWED_HOSTS="console.example.com") == 1


# -- The image itself -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def image() -> str:
    """Build the image: from the base IMAGE_BASE if that is set, with Docker's IMAGE_OPTIONS."""
    if not shutil.which("docker") or docker("info", check=False).returncode:
        pytest.skip("no Docker engine runs here")
    base = os.environ.get("IMAGE_BASE") or default_base()
    if all(docker(*command, base, check=False).returncode for command in WAYS_TO_HAVE):
        pytest.skip(f"the image {base} is not here, and cannot be pulled")
    options = f"--network host --quiet {os.environ.get('IMAGE_OPTIONS', '')}"
    done = subprocess.run(
        ["make", "image", f"BASE={base}", f"ARGS={options}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=BUILD_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return "hitl-console"


def default_base() -> str:
    found = re.search(r"^ARG BASE=(\S+)$", DOCKERFILE, re.MULTILINE)
    assert found
    return found[1]


def docker(*arguments: str, check: bool = True) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        ["docker", *arguments], capture_output=True, text=True, timeout=BUILD_SECONDS, check=check
    )


def run(image: str, *arguments: str) -> str:
    """Return what Python in a container printed, in both streams."""
    options = ("--rm", "--network", "none", *HARDENED, "--env", "SECRET_KEY=of-a-test")
    done = docker("run", *options, "--entrypoint", "python", image, *arguments, check=False)
    return done.stdout + done.stderr


def test_image_runs_as_nobody_and_checks_its_health(image: str) -> None:
    [seen] = json.loads(docker("image", "inspect", image).stdout)
    config = seen["Config"]
    assert config["User"] == "10001:10001"
    assert config["Healthcheck"]["Test"] == ["CMD", "python", "deploy/healthcheck.py"]
    assert config["Entrypoint"] == ["python", "manage.py"]


def test_image_has_no_compiler_no_pip_and_no_tests(image: str) -> None:
    found = run(image, "-c", "import shutil; print(*map(shutil.which, ('cc', 'gcc', 'ld')))")
    assert found.split() == ["None", "None", "None"]
    assert "No module named pip" in run(image, "-m", "pip")
    names = run(image, "-c", "import os; print(*os.listdir())").split()
    assert {".env", "var", "tests", ".git", "install.py"} & set(names) == set()


def test_image_says_what_it_lacks(image: str) -> None:
    done = docker("run", "--rm", "--network", "none", *HARDENED, image, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("error: ")
    assert "Traceback" not in done.stderr


def test_every_command_of_the_image_starts_without_writing(image: str) -> None:
    printed = run(image, "manage.py", "help")
    for command in ("serve", "work", "migrate", "issue_token", "create_demo_users"):
        assert f"\n    {command}\n" in printed
