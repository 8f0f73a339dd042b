"""Find systemd-analyze, which judges units without systemd running, or unpack it from Debian."""

import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

FETCH_SECONDS = 300
PACKAGES = ("systemd", "libsystemd-shared", "libseccomp2")
FOLDER = Path(sys.prefix) / "systemd"
"""Where the packages are unpacked; nothing of them is installed."""


class NoSystemd(Exception):
    """There is no systemd-analyze, and none could be fetched; the message says what to do."""


@cache
def environment() -> dict[str, str]:
    """Return the variables with which `systemd-analyze` starts; raise NoSystemd."""
    found = _starting({}) or _starting(_unpacked())
    if found is None and _fetch():
        found = _starting(_unpacked())
    if found is None:
        raise NoSystemd(
            "There is no systemd-analyze, and it could not be fetched: install Debian's systemd."
        )
    return found


def analyze(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        ["systemd-analyze", "--no-pager", *arguments],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=FETCH_SECONDS,
        check=False,
    )


def _starting(variables: dict[str, str]) -> dict[str, str] | None:
    tried = {**os.environ, **variables}
    program = shutil.which("systemd-analyze", path=tried.get("PATH"))
    starts = program and subprocess.run([program, "--version"], env=tried, capture_output=True)
    return tried if starts and starts.returncode == 0 else None


def _unpacked() -> dict[str, str]:
    """Return the variables that find the unpacked program, its libraries and systemd's units."""
    libraries = {str(path.parent) for path in FOLDER.rglob("lib*.so*")}
    return {
        "PATH": f"{FOLDER}/usr/bin:{FOLDER}/bin:{os.environ.get('PATH', '')}",
        "LD_LIBRARY_PATH": ":".join(sorted(libraries)),
        "SYSTEMD_UNIT_PATH": f"{FOLDER}/usr/lib/systemd/system:{FOLDER}/lib/systemd/system:",
    }


def _fetch() -> bool:
    """Unpack the packages, as root with newer lists of them if need be; return whether it did."""
    FOLDER.mkdir(exist_ok=True)
    download = ["apt-get", "download", *PACKAGES]
    if not (_succeeds(download) or (_succeeds(["apt-get", "update"]) and _succeeds(download))):
        return False
    packages = [str(path) for path in FOLDER.glob("*.deb")]
    return all(_succeeds(["dpkg", "-x", package, str(FOLDER)]) for package in packages)


def _succeeds(command: list[str]) -> bool:
    try:
        done = subprocess.run(command, cwd=FOLDER, capture_output=True, timeout=FETCH_SECONDS)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0
