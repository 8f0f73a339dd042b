"""Find a program, or take it from Debian's package, whose service is not installed."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

FETCH_SECONDS = 300
FOLDER = Path(sys.prefix) / "bin"
"""Where programs are kept once they were fetched: with the others of the tests."""
SYSTEMS = "/usr/sbin"
"""Where servers are installed, which is not on everybody's PATH."""

Command = Sequence[str]


class NoProgram(Exception):
    """There is no such program, and none could be fetched; the message says what to do."""


@dataclass(frozen=True)
class DebianProgram:
    """A program of one package that needs no more than that one file."""

    path: str
    """Its path in the package."""
    package: str
    version: str = "--version"
    """With this argument it shows that it starts."""

    @property
    def name(self) -> str:
        return Path(self.path).name

    @property
    def variable(self) -> str:
        """Return the name of the variable that names the program to take."""
        return self.name.upper()

    def obtain(
        self,
        environment: Mapping[str, str] = os.environ,
        fetched: Path | None = None,
        ways: Sequence[Sequence[Command]] | None = None,
    ) -> Path:
        """Return the path of a program that starts; raise NoProgram.

        If there is none, try each of `ways` to download the package, a list of commands, in turn.
        """
        if chosen := environment.get(self.variable):
            if not self.starts(Path(chosen)):
                raise NoProgram(
                    f"{self.variable} is set to {chosen}, which is no {self.name} that starts."
                )
            return Path(chosen)
        found = self.on_machine(environment)
        if found and self.starts(found):
            return found
        target = fetched or FOLDER / self.name
        ways = self.ways_to_download() if ways is None else ways
        if self.starts(target) or self._fetch(target, environment, ways):
            return target
        raise NoProgram(
            f"There is no {self.name}, and it could not be fetched: put it on PATH, set "
            f"{self.variable} to its path, or install Debian's package {self.package}."
        )

    def on_machine(self, environment: Mapping[str, str]) -> Path | None:
        """Return where it is installed, if it is."""
        on_path = shutil.which(self.name, path=f"{environment.get('PATH', '')}:{SYSTEMS}")
        return Path(on_path) if on_path else None

    def ways_to_download(self) -> list[list[Command]]:
        """Return apt's download, which needs no root, and as root with newer lists of packages."""
        download = ["apt-get", "download", self.package]
        return [[download], [["apt-get", "update"], download]]

    def _fetch(
        self, target: Path, environment: Mapping[str, str], ways: Sequence[Sequence[Command]]
    ) -> bool:
        """Keep the program of the package; return whether it starts."""
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            for way in ways:
                if all(_succeeds(command, environment, folder) for command in way):
                    return self._keep(self._unpacked(folder, environment), target)
        return False

    def _unpacked(self, folder: Path, environment: Mapping[str, str]) -> Path:
        for package in folder.glob("*.deb"):
            _succeeds(["dpkg", "-x", str(package), "unpacked"], environment, folder)
        return folder / "unpacked" / self.path

    def _keep(self, unpacked: Path, target: Path) -> bool:
        if not self.starts(unpacked):
            return False
        complete = target.with_name(f"{target.name}-{os.getpid()}")
        try:
            shutil.copy2(unpacked, complete)
            complete.replace(target)  # at once: other processes of the tests may look for it
        except OSError:
            return False
        return True

    def starts(self, path: Path) -> bool:
        """Return whether a file is the program, and runs here."""
        return _succeeds([str(path), self.version], os.environ, Path.cwd())


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


PROMTOOL = DebianProgram("usr/bin/promtool", "prometheus")
NGINX = DebianProgram("usr/sbin/nginx", "nginx", version="-v")
PGBOUNCER = DebianProgram("usr/sbin/pgbouncer", "pgbouncer")
