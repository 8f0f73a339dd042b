"""The package `hitl-console`, built from this checkout and installed where nothing else is."""

import os
import re
import subprocess
import sys
import zipfile
from functools import cached_property
from pathlib import Path

import psutil

from tests.support.installations import Installation
from tests.support.site import PASSWORD, ROOT, Server, launch, listening

BUILD_SECONDS = 300
UV = [sys.executable, "-m", "uv"]
LOCKS = ("requirements.txt", "requirements-embedded.txt")


class Wheel:
    """The wheel, and an environment with it and what it depends on."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @cached_property
    def path(self) -> Path:
        options = ["--wheel", "--no-build-isolation", "--python", sys.executable]
        _run([*UV, "build", *options, "--out-dir", str(self._folder)], ROOT)
        [built] = self._folder.glob("*.whl")
        return built

    @cached_property
    def files(self) -> list[str]:
        with zipfile.ZipFile(self.path) as archive:
            return archive.namelist()

    @cached_property
    def metadata(self) -> str:
        [name] = [one for one in self.files if one.endswith(".dist-info/METADATA")]
        with zipfile.ZipFile(self.path) as archive:
            return archive.read(name).decode()

    @cached_property
    def program(self) -> Path:
        """`hitl-console`, installed with the versions that the lock files pin."""
        venv = self._folder / "venv"
        _run([*UV, "venv", "--python", sys.executable, str(venv)], self._folder)
        pinned = [
            part
            for lock in LOCKS
            for part in ("--constraint", str(_without_hashes(lock, self._folder)))
        ]
        python = ["--python", str(venv / "bin" / "python")]
        _run([*UV, "pip", "install", *python, *pinned, str(self.path)], self._folder)
        return venv / "bin" / "hitl-console"


class InstalledWheel(Installation):
    """A user's `hitl-console`: an empty home, and nothing of the checkout."""

    def __init__(self, home: Path, wheel: Wheel) -> None:
        super().__init__(home / ".local" / "share" / "hitl-console")
        self.home = home
        self.program = wheel.program
        self.environment = {
            "PATH": os.defpath,
            "HOME": str(home),
            "HITL_DEMO_PASSWORD": PASSWORD,
            "TEST_RUN": os.environ["TEST_RUN"],  # by which what is left is found and ended
        }

    def run(self, *arguments: str, **variables: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [self.program, *arguments],
            cwd=self.home,
            env={**self.environment, **variables},
            capture_output=True,
            text=True,
            timeout=BUILD_SECONDS,
            check=False,
        )

    def processes(self) -> list[psutil.Process]:
        return [one for one in psutil.process_iter() if self._is_ours(one)]

    def _is_ours(self, process: psutil.Process) -> bool:
        try:
            home = process.environ().get("HOME")
            return process.status() != psutil.STATUS_ZOMBIE and home == str(self.home)
        except psutil.Error:
            return False

    def serve(self, **variables: str) -> Server:
        """Run it without a command, as a user does first."""
        log = self.home / f"serve-{len(self.started)}.log"
        process = launch([str(self.program), "--port", "0"], {**self.environment, **variables}, log)
        self.started.append(process)
        return listening(process, log)


def _without_hashes(lock: str, folder: Path) -> Path:
    """Return a copy of a lock file as constraints: hashes would be asked of the wheel too."""
    text = re.sub(r" \\\n +--hash=\S+", "", (ROOT / lock).read_text())
    copy = folder / lock
    copy.write_text(text)
    return copy


def _run(command: list[str], folder: Path) -> None:
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=BUILD_SECONDS, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
