"""Trees of files as they can be, and git's diffs between two of them."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hypothesis import strategies as st

NAMES = st.sampled_from(
    ["a.py", "b/c.txt", "b/d e.txt", "b/é ü.md", "tab\tname", 'quo"te', "back\\slash", "a/b.c",
     "-- x", "b b/x", "日本語"]
)  # fmt: skip
WORDS = ["", "a", "b = 1", "-- old", "++ new", "@@ -1 +1 @@", "diff --git a/x b/x", "\\ x",
         " ", "\tx", "\u2028x\x85", "a\rb", "\x0c", "--- a/x", "+++ b/x", "Index: x"]  # fmt: skip
ENDS = st.sampled_from(["\n", "\r\n"])
TEXTS = st.builds(
    lambda lines, end, last: end.join(lines) + (end if last else ""),
    st.lists(st.sampled_from(WORDS), max_size=14),
    ENDS,
    st.booleans(),
).map(str.encode)
CONTENTS = TEXTS | st.just(b"\0\1\2binary")
TREES = st.dictionaries(NAMES, CONTENTS, max_size=5)
OPTIONS = st.sampled_from(
    [(), ("-U0",), ("-U1",), ("-R",), ("-M10",), ("-C", "--find-copies-harder"), ("--binary",),
     ("--src-prefix=i/", "--dst-prefix=w/"), ("--full-index",), ("--stat", "-p"), ("--no-renames",)]
)  # fmt: skip

BARE = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}


def git(folder: Path, *command: str) -> str:
    done = subprocess.run(
        ["git", *command], cwd=folder, env=os.environ | BARE, capture_output=True, check=True
    )
    return done.stdout.decode("utf-8", "surrogateescape")


class Repository:
    """A repository in which two trees are compared; each call leaves it like new."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        git(folder, "init", "--quiet")
        git(folder, "config", "core.autocrlf", "false")

    def diff(
        self, before: dict[str, bytes], after: dict[str, bytes], options: tuple[str, ...]
    ) -> str:
        trees = [self._tree(files) for files in (before, after)]
        return git(self.folder, "diff-tree", "-r", "-p", *options, *trees)

    def _tree(self, files: dict[str, bytes]) -> str:
        for path in self.folder.iterdir():
            if path.name != ".git":
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        for name, content in files.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        git(self.folder, "add", "--all", ".")
        return git(self.folder, "write-tree").strip()


@contextmanager
def new_repository() -> Iterator[Repository]:
    with tempfile.TemporaryDirectory() as folder:
        yield Repository(Path(folder))
