"""What every fake forge keeps, whatever it speaks: repositories, pull requests, statuses."""

import hashlib
import itertools
import tempfile
import uuid
from abc import abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

from forges.choices import ForgeKind
from forges.models import Credentials, Forge, Repository
from tests.support.forges.git import Conflict, Git
from tests.support.forges.http import Asked, Failure, HttpServer, Reply, locked
from tests.support.forges.ledger import Ledger, Write
from tests.support.forges.webhooks import Webhook, Webhooks

Files = Mapping[str, bytes | str | None]
TOKEN = "token-of-the-console"
ACCOUNT = "console"
"""Whom the token belongs to."""


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


class FakeForge(HttpServer):
    """A forge: its API, and methods with which a test acts as its people and bots."""

    kind: ClassVar[ForgeKind]
    api: ClassVar[str] = ""
    """What its API's paths begin with."""

    def __init__(self) -> None:
        super().__init__()
        self._folder = tempfile.TemporaryDirectory(prefix="forge-")
        self._ids = itertools.count(1000)
        self._times = itertools.count()
        self._began = datetime.now(UTC).replace(microsecond=0) - timedelta(days=1)
        self.repos: dict[str, Repo] = {}
        self.accounts: dict[str, Account] = {}
        self.tokens = {TOKEN: self.account(ACCOUNT)}
        self.webhooks = Webhooks()
        self.ledger = Ledger()
        self.remaining: int | None = None
        """How many requests the rate limit still allows; None: as many as one likes."""
        self.reset_at = int(datetime.now(UTC).timestamp()) + 3600

    def __exit__(self, *what: object) -> None:
        self.webhooks.stop()
        super().__exit__(*what)
        self._folder.cleanup()

    def row(self, **fields: Any) -> Forge:
        """Return a row of this forge that is not saved."""
        given: dict[str, Any] = {"name": f"fake-{self.kind}", "kind": self.kind, "url": self.url}
        forge = Forge(**given | {"api_url": self.url + self.api} | fields)
        forge.set_credentials(Credentials(token=TOKEN))
        forge.set_secrets([self.webhooks.secret or "a secret of the webhook"])
        return forge

    def watched(self, path: str) -> Repository:
        """Store this forge with a watched repository, which is not read yet."""
        forge = self.row()
        forge.save()
        return Repository.objects.create(forge=forge, path=path)

    def deliver_to(self, url: str, secret: str) -> None:
        """Deliver webhooks to an address from now on."""
        self.webhooks.url, self.webhooks.secret = url, secret

    # -- What people and bots do -----------------------------------------------------------------

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

    # -- What its API needs ----------------------------------------------------------------------

    def repo_at(self, path: str) -> Repo:
        """Return a repository. Raise Failure: 404, or the redirect to its new path."""
        if path not in self.repos:
            raise Failure(404, "Not Found")
        return self.repos[path]

    def pull_at(self, path: str, number: str) -> Pull:
        pull = self.repo_at(path).pulls.get(int(number)) if number.isdigit() else None
        if pull is None:
            raise Failure(404, "Not Found")
        return pull

    def status_of(self, repo: Repo, sha: str) -> list[Status]:
        """Return the latest status of each name on a commit, the newest first. Raise Failure."""
        if not repo.git.has(sha):
            raise Failure(404, "Not Found")
        found = {(one.is_run, one.name): one for one in repo.statuses if one.sha == sha}
        return sorted(found.values(), key=lambda one: -one.id)

    def open_pulls(self, path: str, *, only_open: bool = True) -> list[Pull]:
        """Return pull requests, the ones that changed last first."""
        pulls = [one for one in self.repo_at(path).pulls.values()
                 if one.state == "open" or not only_open]  # fmt: skip
        return sorted(pulls, key=lambda one: one.updated_at, reverse=True)

    def note(self, pull: Pull, kind: str, account: Account, text: str = "") -> None:
        """Note what is carried out for an account."""
        write = Write(pull.repo.path, pull.number, kind, pull.head_sha, account.login, text)
        self.ledger.writes.append(write)

    def check_merge(self, pull: Pull) -> None:
        """Raise Failure unless the rules of the repository let a pull request be merged."""
        if lacks := self.lacks(pull):
            raise Failure(405, f'Required status check "{lacks[0]}" is expected.')
        if pull.repo.archived or pull.state != "open" or pull.draft:
            raise Failure(405, "Pull Request is not mergeable")

    def lacks(self, pull: Pull) -> list[str]:
        """Return the names of the statuses that are required and not there."""
        present = self.status_of(pull.repo, pull.head_sha)
        passed = {one.name for one in present if one.state == "success"}
        return [one for one in pull.repo.required if one not in passed]

    def merge_asked(self, pull: Pull, asked: Asked, method: str) -> str:
        """Merge for the account of a request, by the rules of the repository. Raise Failure."""
        self.check_merge(pull)
        account = self.asking(asked)
        try:
            sha = self.merge(pull, account.login, method)
        except Conflict:
            raise Failure(405, "Pull Request is not mergeable") from None
        self.note(pull, "merge", account)
        return sha

    def close_asked(self, pull: Pull, asked: Asked) -> None:
        """Close for the account of a request what is open."""
        if pull.state == "open":
            self.note(pull, "close", self.asking(asked))
            self.close(pull, by=self.asking(asked).login)

    def assign_asked(self, pull: Pull, asked: Asked, accounts: list[Account]) -> None:
        """Assign exactly these accounts, for the account of a request."""
        if [one.id for one in pull.assignees] != [one.id for one in accounts]:
            pull.assignees = accounts
            names = ", ".join(one.login for one in accounts)
            self.note(pull, "assign", self.asking(asked), names)

    def comment_asked(self, pull: Pull, asked: Asked) -> int:
        """Write a comment for the account of a request; return its id."""
        text = asked.value()["body"]
        pull.comments.append(text)
        self.note(pull, "comment", self.asking(asked), text)
        return next(self._ids)

    def delete_branch_asked(self, repo: Repo, branch: str, asked: Asked) -> None:
        """Delete a branch for the account of a request."""
        repo.git.delete_branch(branch)
        for pull in repo.pulls.values():
            if pull.branch == branch:
                self.note(pull, "branch", self.asking(asked))

    def asking(self, asked: Asked) -> Account:
        """Return the account that a request comes from. Raise Failure."""
        found = self.tokens.get(self.token_of(asked))
        if found is None:
            raise Failure(401, "Bad credentials")
        return found

    def forbidden(self) -> Reply:
        """Return what credentials are answered that may read and not write."""
        return Reply(403, self.failure("Resource not accessible"))

    @abstractmethod
    def token_of(self, asked: Asked) -> str:
        """Return the token in the headers of a request."""

    @abstractmethod
    def payload(self, pull: Pull, action: str) -> tuple[str, dict[str, Any]]:
        """Return the event and body of a webhook about a pull request."""

    @abstractmethod
    def status_payload(self, repo: Repo, status: Status) -> tuple[str, dict[str, Any]]:
        """Return the event and body of a webhook about a status."""

    @abstractmethod
    def signed(self, event: str, value: dict[str, Any]) -> Webhook:
        """Return a webhook as this forge signs it."""

    def page(self, asked: Asked, items: list[Any], size: int) -> tuple[list[Any], str]:
        """Return the items of the page that is asked for, and where the next one is, or ""."""
        page = int(asked.query.get("page", 1))
        shown = items[(page - 1) * size : page * size]
        if len(items) <= page * size:
            return shown, ""
        query = "&".join(f"{k}={v}" for k, v in asked.query.items() if k != "page")
        return shown, f"{self.url}{asked.path}?{query}&page={page + 1}"

    def conditional(self, asked: Asked, reply: Reply, limit: str) -> Reply:
        """Answer 304 if nothing changed; otherwise count the request, under `limit`'s headers."""
        if asked.method == "GET" and reply.status == 200:
            etag = f'W/"{hashlib.sha256(reply.body()).hexdigest()}"'
            reply.headers["ETag"] = etag
            if asked.headers.get("if-none-match") == etag:
                return Reply(304, headers={"ETag": etag})
        if self.remaining is not None:
            self.remaining -= 1
            reply.headers[f"{limit}-Remaining"] = str(self.remaining)
            reply.headers[f"{limit}-Reset"] = str(self.reset_at)
        return reply

    def link(self, repo: Repo) -> str:
        return f"{self.url}/{repo.path}"

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


def iso(time: datetime | None) -> str | None:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ") if time else None
