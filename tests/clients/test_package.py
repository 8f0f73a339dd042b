"""The Python client's package: builds, installs into an empty environment, works, type-checks."""

import subprocess
import zipfile
from importlib.metadata import version
from pathlib import Path

import pytest

from tests.support.client_wheel import SOURCE, built, new_environment
from tests.support.hitl_command import Hitl
from tests.support.site import Server, add

pytestmark = pytest.mark.server  # uv runs

EXAMPLES = SOURCE / "examples"
TYPED = """
from typing import assert_type

from hitl_client import APV, APVFields, AsyncClient, Client, Message, QueueItem


def sync(hitl: Client, apv: APVFields) -> None:
    assert_type(hitl.add_apv(apv), APV)
    assert_type(list(hitl.queue(severity="HIGH")), list[QueueItem])
    assert_type(next(hitl.follow("apvs")), Message)


async def with_asyncio(hitl: AsyncClient, apv: APVFields) -> None:
    assert_type(await hitl.add_apv(apv), APV)
    assert_type([one async for one in hitl.queue(severity="HIGH")], list[QueueItem])
    assert_type(await anext(hitl.follow("apvs")), Message)
"""
WRONG = """
from hitl_client import Client

hitl = Client()
hitl.queue(severity="LOUD")
hitl.decide("x", "agree", "why")
hitl.add_apv({"package_name": "x"})
"""


def test_wheel_has_the_package_its_types_and_the_licence(tmp_path: Path) -> None:
    names = zipfile.ZipFile(built(tmp_path)).namelist()
    modules = {f"hitl_client/{path.name}" for path in (SOURCE / "hitl_client").glob("*.py")}
    assert modules | {"hitl_client/py.typed", "hitl_client/cli/main.py"} <= set(names)
    assert any(name.endswith("/licenses/LICENSE") for name in names)
    assert not [name for name in names if "example" in name or "test" in name]


def test_installed_command_works(installed: Path, server: Server, tokens: dict[str, str]) -> None:
    hitl = Hitl(server.origin, tokens["reviewer"], installed / "hitl")
    add(server, 1)
    assert hitl.printed("--version") == "hitl-client 0.1.0\n"
    assert hitl.printed("queue", "--limit", "1").startswith("CODE")


def test_oldest_libraries_that_it_accepts_are_enough(
    server: Server, tokens: dict[str, str], tmp_path: Path
) -> None:
    programs = new_environment(tmp_path, "--resolution", "lowest-direct")
    hitl = Hitl(server.origin, tokens["reviewer"], programs / "hitl")
    added = add(server, 2)
    assert added[0] in hitl.printed("queue", "--all", "--json")
    process = hitl.start("watch", "apvs", "stats", "--json")
    try:
        assert process.stdout
        assert "stats_update" in process.stdout.readline()
        [later] = add(server, 1)
        while later not in (line := process.stdout.readline()):
            assert line, "it ended"
    finally:
        process.kill()
        process.wait()


def test_types_are_complete_and_tell_what_is_wrong(tmp_path: Path) -> None:
    programs = new_environment(tmp_path, f"mypy=={version('mypy')}")
    for name, text in (("typed.py", TYPED), ("wrong.py", WRONG)):
        (tmp_path / name).write_text(text)

    def checked(*paths: Path) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [str(programs / "mypy"), "--strict", *map(str, paths)],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )

    good = checked(tmp_path / "typed.py", *EXAMPLES.glob("*.py"))
    assert good.returncode == 0, good.stdout
    found = checked(tmp_path / "wrong.py").stdout
    assert [line.split(":")[1] for line in found.splitlines()[:-1]] == ["5", "6", "7"], found
