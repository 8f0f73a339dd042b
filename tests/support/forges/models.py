"""What a fake forge keeps: accounts, repositories, pull requests, statuses."""

import itertools
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tests.support.forges.git import Git


@dataclass
class Account:
    login: str
    id: int
    bot: bool = False


@dataclass
class Status:
    """A status, a check run or a job. `state` is one of the forge's words."""

    id: int
    sha: str
    name: str
    state: str
    url: str = ""
    description: str = ""
    is_run: bool = False


@dataclass
class Entry:
    """A place in a merge queue, of which `order` is the smaller the sooner it was taken.

    `commit` is the merge that the queue's checks run on.
    """

    enqueuer: Account
    order: int
    commit: str
    state: str = "AWAITING_CHECKS"


@dataclass
class Repo:
    """A repository. A pull request merges only if `required` names are successful on its head.

    `methods` are the ways to merge that it allows. With `queue`, GitHub merges by a queue only.
    """

    id: int
    path: str
    git: Git
    archived: bool = False
    required: tuple[str, ...] = ()
    methods: tuple[str, ...] = ("merge", "squash", "rebase")
    queue: bool = False
    moved_from: list[str] = field(default_factory=list)
    pulls: dict[int, "Pull"] = field(default_factory=dict)
    statuses: list[Status] = field(default_factory=list)
    numbers: Any = field(default_factory=lambda: itertools.count(1))


@dataclass
class Pull:
    """A pull request. `comments`, `reviews` and `threads` are what was written on it."""

    repo: Repo
    number: int
    title: str
    body: str
    author: Account
    branch: str
    head_sha: str
    created_at: datetime
    updated_at: datetime
    base: str = "main"
    base_sha: str = ""
    state: str = "open"
    draft: bool = False
    labels: list[str] = field(default_factory=list)
    assignees: list[Account] = field(default_factory=list)
    merged_sha: str = ""
    ended_by: Account | None = None
    ended_at: datetime | None = None
    comments: list[str] = field(default_factory=list)
    reviews: list[dict[str, Any]] = field(default_factory=list)
    threads: list[str] = field(default_factory=list)
    entry: Entry | None = None
    mergeable: bool | None = None
    _merges_with: tuple[str, str] = ("", "")

    def merges(self) -> bool:
        """Return whether it merges without a conflict, as git says."""
        present = (self.repo.git.head(self.base), self.head_sha)
        if self.mergeable is None or self._merges_with != present:
            self.mergeable, self._merges_with = self.repo.git.merges(*present), present
        return self.mergeable
