"""Find a Chromium, or install one.

The headless shell is Chromium without the windows that nobody sees. It is taken first, for opening
a page costs it a tenth of what the whole browser takes.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

SHELLS = ("chromium-headless-shell", "chrome-headless-shell")
NAMES = (*SHELLS, "chromium", "chromium-browser", "google-chrome", "chrome")
INSTALL_SECONDS = 900
OPTIONS = [
    *(["--no-sandbox"] if os.geteuid() == 0 else []),  # Chromium has no sandbox for root
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PLAYWRIGHTS_OWN = (
    "from playwright.sync_api import sync_playwright\n"
    "with sync_playwright() as playwright: print(playwright.chromium.executable_path)"
)

Command = Sequence[str]


class NoChromium(Exception):
    """There is no Chromium, and none could be installed; the message says what to do."""


def obtain(
    environment: Mapping[str, str] = os.environ, ways: Sequence[Sequence[Command]] | None = None
) -> Path:
    """Return the path of a Chromium that starts; raise NoChromium.

    If there is none, try each of `ways` to install one, a list of commands, in turn.
    """
    if chosen := environment.get("CHROMIUM"):
        if not _starts(Path(chosen)):
            raise NoChromium(f"CHROMIUM is set to {chosen}, which is no Chromium that starts.")
        return Path(chosen)
    if found := find(environment):
        return found
    for way in ways_to_install(environment) if ways is None else ways:
        if all(_succeeds(command, environment) for command in way) and (found := find(environment)):
            return found
    raise NoChromium(
        "The browser tests need Chromium and could not install it: put chromium on PATH, set "
        f"CHROMIUM to its path, or run {sys.executable} -m playwright install --with-deps chromium."
    )


def find(environment: Mapping[str, str]) -> Path | None:
    """Return the first Chromium that starts: on PATH, then Playwright's own."""
    return next((path for path in _candidates(environment) if _starts(path)), None)


def ways_to_install(environment: Mapping[str, str]) -> list[list[Command]]:
    """Return Playwright's download, then, where they can work, Debian's packages."""
    ways: list[list[Command]] = [
        [[sys.executable, "-m", "playwright", "install", "--only-shell", "chromium"]]
    ]
    if os.geteuid() == 0 and shutil.which("apt-get", path=environment.get("PATH", "")):
        ways.append([["apt-get", "update"], ["apt-get", "install", "-y", SHELLS[0]]])
        ways.append([["apt-get", "install", "-y", "chromium"]])
    return ways


def _candidates(environment: Mapping[str, str]) -> Iterator[Path]:
    for name in NAMES:
        if on_path := shutil.which(name, path=environment.get("PATH", "")):
            yield Path(on_path)
    printed = subprocess.run(
        [sys.executable, "-c", PLAYWRIGHTS_OWN],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    whole = Path(printed.stdout.strip())
    yield from _shells_next_to(whole)
    yield whole


def _shells_next_to(whole: Path) -> list[Path]:
    """Return the headless shell that Playwright keeps next to the whole browser, if any."""
    folders = [one for one in whole.parents if one.name.startswith("chromium-")]
    return [
        shell
        for folder in folders
        for shell in folder.parent.glob(
            folder.name.replace("chromium-", "chromium_headless_shell-") + "/*/*headless*shell"
        )
    ]


def _starts(path: Path) -> bool:
    """Return whether `path` runs, unlike a browser without its libraries or a stub."""
    return _succeeds([str(path), "--version"], os.environ)


def _succeeds(command: Command, environment: Mapping[str, str]) -> bool:
    quiet = {"DEBIAN_FRONTEND": "noninteractive"}
    try:
        done = subprocess.run(
            command,
            env={**environment, **quiet},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=INSTALL_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0
