"""What the API of every fake forge needs, whatever it speaks."""

import hashlib
from abc import abstractmethod
from datetime import UTC, datetime
from typing import Any, ClassVar

from forges.choices import ForgeKind
from forges.models import Credentials, Forge, Repository
from tests.support.forges.git import Conflict
from tests.support.forges.http import Asked, Failure, Reply
from tests.support.forges.ledger import Ledger, Write
from tests.support.forges.models import Account, Pull, Repo, Status
from tests.support.forges.people import People

TOKEN = "token-of-the-console"
ACCOUNT = "console"
"""Whom the token belongs to."""


class FakeForge(People):
    """A forge: its API, and the methods of its people and bots."""

    kind: ClassVar[ForgeKind]
    api: ClassVar[str] = ""
    """What its API's paths begin with."""

    def __init__(self) -> None:
        super().__init__()
        self.tokens = {TOKEN: self.account(ACCOUNT)}
        self.ledger = Ledger()
        self.remaining: int | None = None
        """How many requests the rate limit still allows; None: as many as one likes."""
        self.reset_at = int(datetime.now(UTC).timestamp()) + 3600

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


def iso(time: datetime | None) -> str | None:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ") if time else None
