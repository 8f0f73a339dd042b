"""A bare git repository that a fake forge keeps: its commits, diffs and merges are git's."""

import os
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

BARE = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
NOBODY = "bot <bot@example.com>"


class Commit(NamedTuple):
    sha: str
    message: str


class Conflict(Exception):
    """Two commits change the same lines."""


class Git:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True)
        self._run("init", "--quiet", "--bare", "--initial-branch=main")

    def _run(self, *command: str, given: bytes = b"", ok: tuple[int, ...] = (0,)) -> bytes:
        done = subprocess.run(
            ["git", *command],
            cwd=self.folder,
            env=os.environ | BARE,
            input=given,
            capture_output=True,
            check=False,
        )
        if done.returncode not in ok:
            raise RuntimeError(f"git {command[0]}: {done.stderr.decode()}")
        if done.returncode and command[0] == "merge-tree":
            raise Conflict
        return done.stdout

    def _line(self, *command: str, given: bytes = b"") -> str:
        return self._run(*command, given=given).decode().strip()

    def commit(
        self,
        branch: str,
        files: Mapping[str, bytes | str | None],
        message: str,
        *,
        parent: str = "",
        author: str = NOBODY,
    ) -> str:
        """Commit `files` (None deletes one) to a branch, onto `parent`; return the new head."""
        lines = [f"commit refs/heads/{branch}".encode()]
        lines += [f"{role} {author} {int(time.time())} +0000".encode() for role in ROLES]
        text = message.encode()
        lines += [b"data %d" % len(text), text]
        if parent:
            lines.append(f"from {parent}".encode())
        for name, content in files.items():
            if content is None:
                lines.append(f"D {_quoted(name)}".encode())
                continue
            data = content.encode() if isinstance(content, str) else content
            lines += [f"M 100644 inline {_quoted(name)}".encode(), b"data %d" % len(data), data]
        self._run("fast-import", "--quiet", "--force", given=b"\n".join(lines) + b"\n")
        return self.head(branch)

    def head(self, branch: str) -> str:
        """Return the commit of a branch, "" if there is no such branch."""
        found = self._run("rev-parse", "--verify", "--quiet", f"refs/heads/{branch}", ok=(0, 1))
        return found.decode().strip()

    def has(self, sha: str) -> bool:
        return bool(self._run("rev-parse", "--verify", "--quiet", f"{sha}^{{commit}}", ok=(0, 1)))

    def set_branch(self, branch: str, sha: str) -> None:
        self._run("update-ref", f"refs/heads/{branch}", sha)

    def delete_branch(self, branch: str) -> None:
        self._run("update-ref", "-d", f"refs/heads/{branch}")

    def merge_base(self, base: str, head: str) -> str:
        return self._line("merge-base", base, head)

    def diff(self, base: str, head: str) -> bytes:
        return self._run("diff", "--no-renames", f"{base}...{head}")

    def commits(self, base: str, head: str) -> list[Commit]:
        """Return the commits of `head` that `base` does not have, the oldest first."""
        told = self._run("log", "--reverse", "--format=%H%x00%B%x01", f"{base}..{head}").decode()
        pairs = [one.strip("\n").split("\0") for one in told.split("\x01")[:-1]]
        return [Commit(sha, message.strip("\n")) for sha, message in pairs]

    def merges(self, base: str, head: str) -> bool:
        """Return whether the two merge without a conflict."""
        try:
            self._tree(base, head)
        except Conflict:
            return False
        return True

    def merge(self, base_branch: str, head: str, method: str, message: str) -> str:
        """Merge, squash or rebase `head` onto a branch; return its new head. Raise Conflict."""
        base = self.head(base_branch)
        if method == "rebase":
            new = base
            for commit in self.commits(base, head):
                tree = self._picked(commit.sha, new)
                new = self._commit_tree(tree, [new], commit.message)
        else:
            parents = [base, head] if method == "merge" else [base]
            new = self._commit_tree(self._tree(base, head), parents, message)
        self.set_branch(base_branch, new)
        return new

    def _tree(self, base: str, head: str) -> str:
        return self._run("merge-tree", "--write-tree", base, head, ok=(0, 1)).decode().split()[0]

    def _picked(self, sha: str, onto: str) -> str:
        """Return the tree that picking a commit makes: a merge whose base is its parent.

        Older versions of git let nobody name the base, so that commits are made which have it.
        """
        base = self._commit_tree(f"{sha}^^{{tree}}", [], "base")
        sides = [self._commit_tree(f"{one}^{{tree}}", [base], "side") for one in (onto, sha)]
        return self._tree(*sides)

    def _commit_tree(self, tree: str, parents: list[str], message: str) -> str:
        names = {f"GIT_{role}_{part}": "bot" for role in ("AUTHOR", "COMMITTER")
                 for part in ("NAME", "EMAIL")}  # fmt: skip
        options = [part for parent in parents for part in ("-p", parent)]
        done = subprocess.run(
            ["git", "commit-tree", tree, *options],
            cwd=self.folder,
            env=os.environ | BARE | names,
            input=message.encode(),
            capture_output=True,
            check=True,
        )
        return done.stdout.decode().strip()


ROLES = ("author", "committer")


def _quoted(name: str) -> str:
    escaped = name.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
