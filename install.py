"""Install what a task needs into .venv: `python3 install.py run`, or `dev` for everything.

Runs before any package is installed, so it uses only the standard library.
"""

import contextlib
import fcntl
import hashlib
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

if sys.version_info < (3, 11):  # noqa: UP036 — whoever calls it without `make` may have an older one
    sys.exit(
        "error: HITL Console needs Python 3.11 or later, and this is " + sys.version.split()[0]
    )

ROOT = Path(__file__).absolute().parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
RUN = ["requirements.txt", "requirements-embedded.txt"]
LEVELS = {"run": RUN, "dev": [*RUN, "requirements-dev.txt"]}
"""What can be asked for → the lock files that say what it takes."""
PACKAGES_PER_LINE = 10
"""How often progress is told where lines cannot be overwritten."""
CAUSES = [
    (r"CERTIFICATE_VERIFY_FAILED.*", "pip does not trust the package index's certificate: {0}"),
    (
        r"Failed to establish a new connection|Failed to resolve|NameResolutionError|timed out|"
        r"Cannot connect to proxy|Connection refused|Network is unreachable|Connection reset",
        "pip cannot reach its package index, {index}. Is there a network? Behind a proxy set "
        "HTTPS_PROXY; with an index of your own, PIP_INDEX_URL.",
    ),
    (r"No space left on device", "no space is left on the disk that holds {folder}"),
    (r"Disk quota exceeded", "the disk quota is used up where {folder} lies"),
    (r"Permission denied: '?([^'\n]+)", "{1} cannot be written to: permission denied"),
    (r"Read-only file system: '?([^'\n]+)", "{1} cannot be written to: a read-only file system"),
    (r"DO NOT MATCH THE HASHES", "the index served packages other than the ones that are pinned"),
    (
        r"No matching distribution found for (\S+)",
        "the package index has no {1} that fits this Python and this machine",
    ),
]
"""What pip prints → what to say. The first that is found counts."""


class InstallError(Exception):
    """Something could not be installed; the message says what and why."""


def main(level: str) -> None:
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, _: sys.exit(128 + number))
    if is_installed(level):
        return
    with _alone():
        if not is_installed(level):  # by another process meanwhile
            install(level)


def is_installed(level: str) -> bool:
    """Return whether .venv is sound and has what the lock files of `level` name."""
    stamp = VENV / f"installed-{level}"
    return stamp.exists() and stamp.read_text() == _digest(level) and is_sound()


def is_sound() -> bool:
    """Return whether .venv has a working Python of the requested version, and was not moved.

    Its programs contain the path that they were installed for.
    """
    pip = VENV / "bin" / "pip"
    if not (pip.exists() and PYTHON.exists()):
        return False
    named = re.search(r"/.*?/bin(?=/python)", pip.read_text())
    if not named or not Path(named[0]).exists() or not os.path.samefile(named[0], VENV / "bin"):
        return False
    version = f"version = {sys.version_info.major}.{sys.version_info.minor}."
    return version in (VENV / "pyvenv.cfg").read_text()


def install(level: str) -> None:
    """Make .venv unless it is sound, and install what `level` needs; raise InstallError."""
    began = time.monotonic()
    if not is_sound():
        make_venv()
    print(f"Installing what `make {'run' if level == 'run' else 'test'}` needs …", flush=True)
    _pip(LEVELS[level])
    for name in LEVELS if level == "dev" else [level]:
        (VENV / f"installed-{name}").write_text(_digest(name))
    print(f"Installed into {VENV.name} in {time.monotonic() - began:.0f} s.\n", flush=True)


def make_venv() -> None:
    """Make an empty .venv; raise InstallError."""
    try:
        import ensurepip  # noqa: F401 — whether they are there
        import venv  # noqa: F401
    except ImportError:
        raise InstallError(
            "this Python has no `venv`. On Debian and Ubuntu it is a package of its own: "
            f"apt install python{sys.version_info.major}.{sys.version_info.minor}-venv"
        ) from None
    again = " anew: it was moved, or made by another Python" if VENV.exists() else ""
    print(f"Making {VENV.name}{again}, with Python {sys.version.split()[0]} …", flush=True)
    if VENV.is_symlink():
        VENV.unlink()
    base = getattr(sys, "_base_executable", sys.executable)  # not one inside the removed folder
    done = subprocess.run(  # noqa: S603 — arguments of ours, and no shell # nosec B603
        [base, "-m", "venv", "--clear", str(VENV)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise InstallError(_cause(done.stdout + done.stderr, "venv"))


def _pip(locks: list[str]) -> None:
    command = [str(PYTHON), "-m", "pip", "install", "--require-hashes", "--no-input"]
    command += ["--disable-pip-version-check", "--progress-bar", "off", "--retries", "2"]
    command += [part for lock in locks for part in ("-r", lock)]
    pip = subprocess.Popen(  # noqa: S603 — arguments of ours, and no shell # nosec B603
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        printed = _tell_progress(pip, locks)
    finally:
        pip.terminate()
        pip.wait()
    if pip.returncode:
        raise InstallError(_cause(printed, "pip"))


def _tell_progress(pip: "subprocess.Popen[str]", locks: list[str]) -> str:
    """Show pip's progress while it works; return all that it printed."""
    total = len({name for lock in locks for name in _pinned(lock)})
    printed, found, shown = [], 0, Line()
    for line in pip.stdout or []:
        printed.append(line)
        if line.startswith("Ignoring "):  # for another platform
            total = max(total - 1, 1)
        if named := re.match(r"(?:Collecting|Processing) (\S+)", line):
            found += 1
            name = re.split(r"==|-\d", Path(named[1]).name)[0]
            shown.say(f"  {found} of {total}: {name}", now=found % PACKAGES_PER_LINE == 0)
        if line.startswith("Installing collected packages"):
            shown.say(f"  unpacking {line.count(',') + 1} packages …", now=True)
    shown.end()
    pip.wait()
    return "".join(printed)


class Line:
    """A line that is overwritten on a terminal; elsewhere only some of its states are printed."""

    def __init__(self) -> None:
        self._overwrites = sys.stdout.isatty()

    def say(self, text: str, *, now: bool) -> None:
        if self._overwrites:
            print(f"\r\033[K{text[: shutil.get_terminal_size().columns - 1]}", end="", flush=True)
        elif now:
            print(text, flush=True)

    def end(self) -> None:
        if self._overwrites:
            print("\r\033[K", end="", flush=True)


def _pinned(lock: str) -> list[str]:
    return re.findall(r"^([a-z0-9][\w.-]*)==", (ROOT / lock).read_text(), re.MULTILINE)


def _cause(printed: str, program: str) -> str:
    """Return why `program` failed, as far as its output shows."""
    named = re.search(r"Looking in indexes: (\S+?)(?:,|\s|$)|host='([^']+)'", printed)
    index = (named[1] or named[2]) if named else "pypi.org"
    for pattern, meaning in CAUSES:
        if found := re.search(pattern, printed):
            return meaning.format(found[0], *found.groups(), folder=VENV, index=index)
    last = "\n".join(printed.strip().splitlines()[-5:])
    return f"{program} failed, and says:\n{last}"


def _digest(level: str) -> str:
    """Return a text that identifies what .venv has for `level`: it changes with the lock files."""
    locks = b"".join((ROOT / lock).read_bytes() for lock in LEVELS[level])
    return hashlib.sha256(locks).hexdigest()


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    """Let one installation run at a time; others wait for it."""
    folder = os.open(ROOT, os.O_RDONLY)
    try:
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("Another one is installing here; waiting for it …", flush=True)
            fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


if __name__ == "__main__":
    if sys.argv[1:] not in [[level] for level in LEVELS]:
        sys.exit(f"usage: python3 install.py {'|'.join(LEVELS)}")
    try:
        main(sys.argv[1])
    except InstallError as error:
        sys.exit(f"error: {error}")
    except OSError as error:
        sys.exit(f"error: {error.filename or VENV}: {error.strerror}")
    except KeyboardInterrupt:
        sys.exit(130)
