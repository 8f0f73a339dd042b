"""Patches to compare: from git repositories, folders of patches, and JSON lines."""

import gzip
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

PATCHES = (".diff", ".patch", ".eml", ".mbox")
# Ways in which people and machines ask git for a diff; each commit uses one of them.
WAYS = (
    ("-M",),
    ("-M", "-C", "--full-index", "--binary"),
    ("-U0",),
    ("-U10", "--no-renames"),
    ("-R",),
    ("--patch-with-stat", "--format=email"),
    ("-c", "core.quotePath=false"),
    ("--src-prefix=i/", "--dst-prefix=w/"),
)
CHUNK = 20


def patches(path: Path, most: int) -> Iterator[str]:
    """Yield at most so many patches of a git repository, a folder, or a file of JSON lines."""
    if path.is_file():
        found = _json_lines(path)
    elif (path / ".git").exists() or (path / "HEAD").exists():
        found = _history(path, most)
    else:
        found = _files(path)
    for _number, patch in zip(range(most), found, strict=False):
        yield patch


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


def _json_lines(path: Path) -> Iterator[str]:
    """Yield the `diff` of each line."""
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)["diff"]


def _files(folder: Path) -> Iterator[str]:
    for path in sorted(folder.rglob("*")):
        if path.suffix in PATCHES and path.is_file():
            yield _text(path.read_bytes())


def _history(repository: Path, most: int) -> Iterator[str]:
    """Yield the patches of commits that are spread over the history of a repository."""
    commits = _git(repository, "rev-list", "--no-merges", "HEAD").decode().split()
    chosen = commits[:: max(1, len(commits) // most)][:most]
    for at in range(0, len(chosen), CHUNK):
        chunk = chosen[at : at + CHUNK]
        yield from _shown(repository, chunk, WAYS[at // CHUNK % len(WAYS)])


def _shown(repository: Path, commits: list[str], way: tuple[str, ...]) -> Iterator[str]:
    settings, options = (way, ()) if way[0] == "-c" else ((), way)
    mark = (
        "--format=%x00%H"
        if "--format=email" not in options
        else "--format=%x00%nFrom %H Mon%n%B---"
    )
    options = tuple(one for one in options if not one.startswith("--format"))
    command = (*settings, "log", "--no-walk=unsorted", "--stdin", "-p", mark, *options)
    try:
        said = _git(repository, *command, given="\n".join(commits))
    except subprocess.CalledProcessError:  # a partial clone lacks some files
        if len(commits) > 1:
            middle = len(commits) // 2
            yield from _shown(repository, commits[:middle], way)
            yield from _shown(repository, commits[middle:], way)
        return
    for shown in said.split(b"\0")[1:]:
        _commit, _end, patch = shown.partition(b"\n")
        if patch.strip():
            yield _text(patch)


def _git(repository: Path, *command: str, given: str = "") -> bytes:
    done = subprocess.run(
        ["git", "-C", str(repository), *command],
        input=given.encode(),
        capture_output=True,
        check=True,
    )
    return done.stdout
