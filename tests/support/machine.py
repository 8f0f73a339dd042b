"""A machine that has only what a test puts there, for code that looks for programs."""

from pathlib import Path


class Machine:
    """A PATH of its own, and an empty place for Playwright's browsers."""

    def __init__(self, folder: Path) -> None:
        self.programs = folder / "bin"
        self.programs.mkdir()
        self.environment = {
            "PATH": str(self.programs),
            "HOME": str(folder),
            "PLAYWRIGHT_BROWSERS_PATH": str(folder / "playwright"),
        }

    def put(self, name: str, script: str = "exit 0") -> Path:
        path = self.programs / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        return path
