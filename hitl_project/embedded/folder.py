"""The data folder of an installation, `HITL_VAR`: its owner, its secret key, the sockets' paths."""

import contextlib
import errno
import hashlib
import os
import pwd
import re
import secrets
import shutil
import stat
import tempfile
from pathlib import Path

from hitl_project.embedded.errors import EmbeddedServerError

SOCKET_FOLDER = re.compile(r"[\w./@+-]{1,86}", re.ASCII)
"""A path that needs no quoting in shells and URLs; sockaddr_un holds 104 bytes on macOS."""


def var_folder() -> Path:
    """Return the data folder of this installation: `HITL_VAR`, or `var/` next to `manage.py`."""
    named = os.path.expanduser(os.environ.get("HITL_VAR", ""))  # Path's raises, without a home
    return Path(named or Path(__file__).parents[2] / "var").resolve()


def secret_key() -> str:
    """Return the installation's secret key; create it on first use, readable by its owner only.

    Raise EmbeddedServerError if `HITL_VAR` is not a writable folder.
    """
    path = var_folder() / "secret_key"
    make(path.parent)
    if not path.exists():
        with tempfile.NamedTemporaryFile("w", dir=path.parent) as file:
            file.write(secrets.token_urlsafe(64))
            file.flush()
            os.fsync(file.fileno())
            with contextlib.suppress(FileExistsError):  # another process was faster
                os.link(file.name, path)  # it must appear at once and complete, or not at all
    return path.read_text()


def make(folder: Path) -> None:
    """Make `folder` if it does not exist; raise EmbeddedServerError if it is not writable."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not os.access(folder, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    except OSError as error:
        raise EmbeddedServerError(
            f"HITL_VAR: cannot keep data in {folder}: {error.strerror}"
        ) from None


def check_owner(folder: Path) -> None:
    """Raise EmbeddedServerError if another user owns the data or everybody may change it."""
    found = folder.stat()
    if found.st_uid != os.geteuid():
        raise EmbeddedServerError(
            f"HITL_VAR: {folder} belongs to {_name_of(found.st_uid)}, and this is "
            f"{_name_of(os.geteuid())}; use a folder of your own, or be that user"
        )
    if found.st_mode & stat.S_IWOTH:
        raise EmbeddedServerError(f"HITL_VAR: everybody may write to {folder}; chmod o-w it")


def _name_of(user: int) -> str:
    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:
        return f"user {user}"


def socket_folder(folder: Path, user: str | None = None) -> Path:
    """Return the folder for the socket of the server with its data in `folder`.

    It is the same folder if its path is plain; otherwise a folder in the system's temporary one
    that belongs to `user` or to this user, and that nobody else may enter.
    """
    if SOCKET_FOLDER.fullmatch(str(folder)):
        return folder
    name = hashlib.sha256(os.fsencode(folder)).hexdigest()[:12]
    short = Path(tempfile.gettempdir()) / f"hitl-{name}"
    if not SOCKET_FOLDER.fullmatch(str(short)):
        raise EmbeddedServerError(f"TMPDIR must be a short path without spaces, not {short.parent}")
    short.mkdir(mode=0o700, exist_ok=True)
    found = short.lstat()
    owners = {os.getuid(), pwd.getpwnam(user).pw_uid} if user else {os.getuid()}
    if not stat.S_ISDIR(found.st_mode) or found.st_mode & 0o077 or found.st_uid not in owners:
        raise EmbeddedServerError(f"{short} is not ours alone; remove it, or set HITL_VAR")
    if user:
        shutil.chown(short, user)
    return short
