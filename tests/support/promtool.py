"""Find promtool, which checks and tries alert rules, or fetch it from Debian's package."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

FETCH_SECONDS = 300
FETCHED = Path(sys.prefix) / "bin" / "promtool"
"""Where it is kept once it was fetched: with the other programs of the tests."""
PACKAGE = "prometheus"

Command = Sequence[str]


class NoPromtool(Exception):
    """There is no promtool, and none could be fetched; the message says what to do."""


def obtain(
    environment: Mapping[str, str] = os.environ,
    fetched: Path = FETCHED,
    ways: Sequence[Sequence[Command]] | None = None,
) -> Path:
    """Return the path of a promtool that starts; raise NoPromtool.

    If there is none, try each of `ways` to download the package, a list of commands, in turn.
    """
    if chosen := environment.get("PROMTOOL"):
        if not _starts(Path(chosen)):
            raise NoPromtool(f"PROMTOOL is set to {chosen}, which is no promtool that starts.")
        return Path(chosen)
    on_path = shutil.which("promtool", path=environment.get("PATH", ""))
    if on_path and _starts(Path(on_path)):
        return Path(on_path)
    ways = ways_to_download() if ways is None else ways
    if _starts(fetched) or _fetch(fetched, environment, ways):
        return fetched
    raise NoPromtool(
        "There is no promtool, and it could not be fetched: put it on PATH, set PROMTOOL to its "
        "path, or install Debian's package prometheus."
    )


def ways_to_download() -> list[list[Command]]:
    """Return apt's download, which needs no root, and as root with newer lists of packages."""
    download = ["apt-get", "download", PACKAGE]
    return [[download], [["apt-get", "update"], download]]


def _fetch(target: Path, environment: Mapping[str, str], ways: Sequence[Sequence[Command]]) -> bool:
    """Keep promtool of the package, whose service is not installed; return whether it starts."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for way in ways:
            if all(_succeeds(command, environment, folder) for command in way):
                return _keep(_unpacked(folder, environment), target)
    return False


def _unpacked(folder: Path, environment: Mapping[str, str]) -> Path:
    for package in folder.glob("*.deb"):
        _succeeds(["dpkg", "-x", str(package), "unpacked"], environment, folder)
    return folder / "unpacked" / "usr" / "bin" / "promtool"


def _keep(unpacked: Path, target: Path) -> bool:
    if not _starts(unpacked):
        return False
    complete = target.with_name(f"{target.name}-{os.getpid()}")
    try:
        shutil.copy2(unpacked, complete)
        complete.replace(target)  # at once: other processes of the tests may look for it
    except OSError:
        return False
    return True


def _starts(path: Path) -> bool:
    return _succeeds([str(path), "--version"], os.environ, Path.cwd())


def _succeeds(command: Command, environment: Mapping[str, str], folder: Path) -> bool:
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=FETCH_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0
