"""What people and bots do on a fake forge, whatever it speaks. Each change sends a webhook."""

import itertools
import tempfile
import uuid
from abc import abstractmethod
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.support.forges.git import Git
from tests.support.forges.http import HttpServer, locked
from tests.support.forges.models import Account, Pull, Repo, Status
from tests.support.forges.webhooks import Webhook, Webhooks

Files = Mapping[str, bytes | str | None]


class People(HttpServer):
    """A forge's repositories, and methods with which a test acts as its people and bots."""

    def __init__(self) -> None:
        super().__init__()
        self._folder = tempfile.TemporaryDirectory(prefix="forge-")
        self._ids = itertools.count(1000)
        self._times = itertools.count()
        self._began = datetime.now(UTC).replace(microsecond=0) - timedelta(days=1)
        self.repos: dict[str, Repo] = {}
        self.accounts: dict[str, Account] = {}
        self.webhooks = Webhooks()

    def __exit__(self, *what: object) -> None:
        self.webhooks.stop()
        super().__exit__(*what)
        self._folder.cleanup()

    def deliver_to(self, url: str, secret: str) -> None:
        """Deliver webhooks to an address from now on."""
        self.webhooks.url, self.webhooks.secret = url, secret

    def account(self, login: str) -> Account:
        """Return an account; a login that ends with [bot] is a bot's."""
        if login not in self.accounts:
            bot = login.endswith("[bot]")
            self.accounts[login] = Account(login, next(self._ids), bot)
        return self.accounts[login]

    def repository(self, path: str, files: Files | None = None) -> Repo:
        """Make a repository with one commit on `main`."""
        repo = Repo(next(self._ids), path, Git(Path(self._folder.name) / uuid.uuid4().hex))
        repo.git.commit("main", files or {"README.md": "# Read me\n"}, "Begin")
        self.repos[path] = repo
        return repo

    @locked
    def rename(self, repo: Repo, path: str) -> None:
        """Rename a repository; requests for its old path are redirected."""
        repo.moved_from.append(repo.path)
        del self.repos[repo.path]
        repo.path = path
        self.repos[path] = repo

    @locked
    def open_pull_request(
        self,
        repo: Repo,
        branch: str,
        files: Files,
        *,
        author: str = "dependabot[bot]",
        title: str = "Bump something",
        body: str = "",
        message: str = "",
        labels: Iterable[str] = (),
        draft: bool = False,
    ) -> Pull:
        """Commit `files` onto `main` in a new branch, and open a pull request of it."""
        base_sha = repo.git.head("main")
        head = repo.git.commit(branch, files, message or title, parent=base_sha)
        now = self._now()
        pull = Pull(
            repo, next(repo.numbers), title, body, self.account(author), branch, head, now, now,
            base_sha=base_sha, labels=list(labels), draft=draft,
        )  # fmt: skip
        repo.pulls[pull.number] = pull
        self._tell(pull, "opened")
        return pull

    def bump(self, repo: Repo, branch: str = "bump", **fields: Any) -> Pull:
        """Open a pull request that adds a file with the name of its branch."""
        given = {"title": f"Bump {branch}", **fields}
        return self.open_pull_request(repo, branch, {f"{branch}.txt": "new\n"}, **given)

    @locked
    def push(
        self, pull: Pull, files: Files, message: str = "Change it", *, force: bool = False
    ) -> str:
        """Push a commit onto the branch, or with `force` onto `main` in its place; return it."""
        git = pull.repo.git
        parent = git.head(pull.base) if force else pull.head_sha
        pull.head_sha = git.commit(pull.branch, files, message, parent=parent)
        pull.base_sha = git.merge_base(git.head(pull.base), pull.head_sha)
        self._changed(pull, "synchronize")
        return pull.head_sha

    @locked
    def push_to_main(self, repo: Repo, files: Files, message: str = "Change main") -> str:
        return repo.git.commit("main", files, message, parent=repo.git.head("main"))

    @locked
    def rebase(self, pull: Pull) -> str:
        """Rebase the branch onto `main`, as bots do when that moved; return the new head."""
        git = pull.repo.git
        onto = git.head(pull.base)
        git.set_branch("rebasing", onto)
        pull.head_sha = git.merge("rebasing", pull.head_sha, "rebase", "")
        git.set_branch(pull.branch, pull.head_sha)
        git.delete_branch("rebasing")
        pull.base_sha = onto
        self._changed(pull, "synchronize")
        return pull.head_sha

    def edit(self, pull: Pull, **fields: Any) -> None:
        """Change the title, body, labels or whether it is a draft."""
        with self.lock:
            for name, value in fields.items():
                setattr(pull, name, value)
            self._changed(pull, "edited")

    @locked
    def close(self, pull: Pull, by: str = "somebody") -> None:
        pull.state, pull.ended_by, pull.ended_at = "closed", self.account(by), self._now()
        self._changed(pull, "closed")

    @locked
    def reopen(self, pull: Pull) -> None:
        pull.state, pull.ended_by, pull.ended_at = "open", None, None
        self._changed(pull, "reopened")

    @locked
    def merge(self, pull: Pull, by: str = "somebody", method: str = "merge") -> str:
        """Merge a pull request whatever its checks say; return the merge commit. Raise Conflict."""
        message = f"Merge #{pull.number}: {pull.title}"
        pull.merged_sha = pull.repo.git.merge(pull.base, pull.head_sha, method, message)
        pull.state, pull.ended_by, pull.ended_at = "merged", self.account(by), self._now()
        self._changed(pull, "closed")
        return pull.merged_sha

    @locked
    def add_check(
        self,
        repo: Repo,
        sha: str,
        name: str,
        state: str,
        *,
        url: str = "https://ci.example.com/1",
        description: str = "",
        is_run: bool = False,
    ) -> Status:
        """Add a status, or a check run where the forge has them, with one of the forge's words."""
        status = Status(next(self._ids), sha, name, state, url, description, is_run)
        repo.statuses.append(status)
        self._tell_status(repo, status)
        return status

    # -- Webhooks ----------------------------------------------------------------------------------

    @abstractmethod
    def payload(self, pull: Pull, action: str) -> tuple[str, dict[str, Any]]:
        """Return the event and body of a webhook about a pull request."""

    @abstractmethod
    def status_payload(self, repo: Repo, status: Status) -> tuple[str, dict[str, Any]]:
        """Return the event and body of a webhook about a status."""

    @abstractmethod
    def signed(self, event: str, value: dict[str, Any]) -> Webhook:
        """Return a webhook as this forge signs it."""

    def _now(self) -> datetime:
        """Return a time after all before, since tests act faster than the clock's seconds."""
        return self._began + timedelta(seconds=next(self._times))

    def _changed(self, pull: Pull, action: str) -> None:
        pull.updated_at = self._now()
        self._tell(pull, action)

    def _tell(self, pull: Pull, action: str) -> None:
        self.webhooks.add(self.signed(*self.payload(pull, action)))

    def _tell_status(self, repo: Repo, status: Status) -> None:
        self.webhooks.add(self.signed(*self.status_payload(repo, status)))
