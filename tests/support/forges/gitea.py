"""A fake of Gitea and Forgejo, from their description of the API, version 1."""

import json
import uuid
from typing import Any

from forges.choices import ForgeKind
from tests.support.forges.core import FakeForge, iso
from tests.support.forges.http import About, Asked, Failure, Reply, route
from tests.support.forges.models import Account, Pull, Repo, Status
from tests.support.forges.webhooks import Webhook, hex_hmac

REPO = "/api/v1/repos/{owner}/{repo}"
PULLS = REPO + "/pulls"
PULL = PULLS + "/{number}"
MOST = 50
"""Items on a page, whatever is asked for."""


class FakeGitea(FakeForge):
    """A Gitea. With `forgejo` it signs webhooks as Forgejo does."""

    kind = ForgeKind.GITEA
    api = "/api/v1"
    requests = (
        ("look", "GET", r"/pulls/(\d+)$"),
        ("merge", "POST", r"/pulls/(\d+)/merge$"),
        ("close", "PATCH", r"/pulls/(\d+)$"),
        ("comment", "POST", r"/issues/(\d+)/comments$"),
        ("review", "POST", r"/pulls/(\d+)/reviews$"),
        ("status", "POST", r"/statuses/\w+$"),
        ("branch", "DELETE", r"/branches/"),
    )

    def __init__(self, *, forgejo: bool = False) -> None:
        super().__init__()
        self.forgejo = forgejo

    # -- Around each request ---------------------------------------------------------------------

    def about(self, asked: Asked) -> About:
        found = super().about(asked)
        changes = found.kind == "close" and "state" not in asked.value()
        return About("assign", found.number) if changes else found

    def token_of(self, asked: Asked) -> str:
        return asked.headers.get("authorization", "").removeprefix("token ")

    def admitted(self, asked: Asked) -> Reply | None:
        self.asking(asked)
        if self.remaining == 0:  # it has no limit of its own: this is what a proxy answers
            raise Failure(429, "Too Many Requests", Retry_After="3600")
        if self.remaining is not None:
            self.remaining -= 1
        for repo in self.repos.values():
            for old in repo.moved_from:
                if asked.path.startswith(f"/api/v1/repos/{old}"):
                    target = self.url + asked.path.replace(old, repo.path, 1)
                    return Reply(307, headers={"Location": target})
        return None

    # -- Reading ---------------------------------------------------------------------------------

    @route("GET", "/api/v1/user")
    def _me(self, asked: Asked) -> dict[str, Any]:
        return _user(self.asking(asked))

    @route("GET", REPO)
    def _repo(self, asked: Asked, owner: str, repo: str) -> dict[str, Any]:
        return self._repo_value(self.repo_at(f"{owner}/{repo}"))

    @route("GET", PULLS)
    def _pulls(self, asked: Asked, owner: str, repo: str) -> Reply:
        only_open = asked.query.get("state") == "open"
        found = self.open_pulls(f"{owner}/{repo}", only_open=only_open)
        return self._paged(asked, [self._pull_value(one) for one in found])

    @route("GET", PULL + ".diff")
    def _diff(self, asked: Asked, owner: str, repo: str, number: str) -> Reply:
        pull = self.pull_at(f"{owner}/{repo}", number)
        return Reply(data=pull.repo.git.diff(pull.base_sha, pull.head_sha))

    @route("GET", PULL)
    def _pull(self, asked: Asked, owner: str, repo: str, number: str) -> Any:
        pull = self.pull_at(f"{owner}/{repo}", number)
        return self._pull_value(pull, mergeable=pull.state == "open" and pull.merges())

    @route("GET", PULL + "/commits")
    def _commits(self, asked: Asked, owner: str, repo: str, number: str) -> Reply:
        pull = self.pull_at(f"{owner}/{repo}", number)
        found = reversed(pull.repo.git.commits(pull.base_sha, pull.head_sha))
        return self._paged(
            asked, [{"sha": one.sha, "commit": {"message": one.message + "\n"}} for one in found]
        )

    @route("GET", REPO + "/issues/{number}/comments")
    def _comments(self, asked: Asked, owner: str, repo: str, number: str) -> list[dict[str, Any]]:
        found = self.pull_at(f"{owner}/{repo}", number).comments
        return [{"body": one} for one in found]  # all at once, whatever is asked for

    @route("GET", PULL + "/reviews")
    def _reviews(self, asked: Asked, owner: str, repo: str, number: str) -> Reply:
        found = self.pull_at(f"{owner}/{repo}", number).reviews
        return self._paged(asked, [{"body": one["body"], "state": "REQUEST_CHANGES"}
                                   for one in found])  # fmt: skip

    @route("GET", REPO + "/commits/{sha}/status")
    def _statuses(self, asked: Asked, owner: str, repo: str, sha: str) -> dict[str, Any]:
        found = self.status_of(self.repo_at(f"{owner}/{repo}"), sha)
        values = [_status(one) for one in found]
        return {"sha": sha, "state": "pending", "statuses": values or None}

    # -- Writing ---------------------------------------------------------------------------------

    @route("POST", PULL + "/merge")
    def _merge(self, asked: Asked, owner: str, repo: str, number: str) -> Reply:
        pull, value = self.pull_at(f"{owner}/{repo}", number), asked.value()
        if pull.repo.archived:
            raise Failure(423, "repo is archived")
        if value.get("head_commit_id", pull.head_sha) != pull.head_sha:
            raise Failure(409, "head out of date")
        if pull.state == "open" and not pull.merges():
            raise Failure(409, "merge failed because of conflict")
        if value["Do"] not in pull.repo.methods:
            words = f"{value['Do']} is not allowed an allowed merge style for this repository"
            raise Failure(405, words)  # in these words
        self.merge_asked(pull, asked, value["Do"])
        return Reply(200, data=b"")

    @route("PATCH", PULL)
    def _change(self, asked: Asked, owner: str, repo: str, number: str) -> Reply:
        pull, value = self.pull_at(f"{owner}/{repo}", number), asked.value()
        if value.get("state") == "closed":
            self.close_asked(pull, asked)
        for login in value.get("assignees", []):
            if login not in self.accounts:
                raise Failure(422, f"Assignee does not exist: [name: {login}]")
        if "assignees" in value:
            wanted = [self.accounts[one] for one in dict.fromkeys(value["assignees"])]
            self.assign_asked(pull, asked, wanted)
        return Reply(201, self._pull_value(pull))

    @route("POST", REPO + "/issues/{number}/comments")
    def _comment(self, asked: Asked, owner: str, repo: str, number: str) -> Reply:
        pull = self.pull_at(f"{owner}/{repo}", number)
        return Reply(201, {"id": self.comment_asked(pull, asked)})

    @route("POST", PULL + "/reviews")
    def _review(self, asked: Asked, owner: str, repo: str, number: str) -> dict[str, Any]:
        pull, review = self.pull_at(f"{owner}/{repo}", number), asked.value()
        if pull.author == self.asking(asked):
            raise Failure(422, "reject your own pull is not allowed")
        pull.reviews.append(review)
        self.note(pull, "review", self.asking(asked), review["body"])
        return {"id": next(self._ids), "state": "REQUEST_CHANGES"}

    @route("DELETE", REPO + "/branches/{branch*}")
    def _delete(self, asked: Asked, owner: str, repo: str, branch: str) -> Reply:
        found = self.repo_at(f"{owner}/{repo}")
        if not found.git.head(branch):
            raise Failure(404, "branch does not exist")
        self.delete_branch_asked(found, branch, asked)
        return Reply(204)

    @route("POST", REPO + "/statuses/{sha}")
    def _set_status(self, asked: Asked, owner: str, repo: str, sha: str) -> Reply:
        found, value = self.repo_at(f"{owner}/{repo}"), asked.value()
        if value["state"] not in {"pending", "success", "error", "failure", "warning"}:
            raise Failure(422, "unknown state")
        if not found.git.has(sha):
            raise Failure(404, "object does not exist")
        text, url = value.get("description", ""), value.get("target_url", "")
        status = self.add_check(
            found, sha, value["context"], value["state"], description=text, url=url
        )
        return Reply(201, _status(status))

    # -- Values ----------------------------------------------------------------------------------

    def _paged(self, asked: Asked, items: list[Any]) -> Reply:
        size = min(int(asked.query.get("limit", 30)), MOST)
        shown, following = self.page(asked, items, size)
        headers = {"X-Total-Count": str(len(items))}
        if following:
            headers["Link"] = f'<{following}>; rel="next",<{following}>; rel="last"'
        return Reply(value=shown, headers=headers)

    def _repo_value(self, repo: Repo) -> dict[str, Any]:
        return {"id": repo.id, "full_name": repo.path, "html_url": self.link(repo),
                "archived": repo.archived, "default_branch": "main",
                "allow_merge_commits": "merge" in repo.methods,
                "allow_squash_merge": "squash" in repo.methods,
                "allow_rebase": "rebase" in repo.methods}  # fmt: skip

    def _pull_value(self, pull: Pull, *, mergeable: bool = False) -> dict[str, Any]:
        merged = pull.state == "merged"
        return {
            "id": pull.repo.id * 10_000 + pull.number,
            "number": pull.number,
            "html_url": f"{self.link(pull.repo)}/pulls/{pull.number}",
            "title": pull.title,
            "body": pull.body,
            "user": _user(pull.author),
            "labels": [{"name": one} for one in pull.labels] or None,
            "assignees": [_user(one) for one in pull.assignees] or None,
            "head": {
                "ref": pull.branch,
                "sha": pull.head_sha,
                "repo_id": pull.repo.id,
            },
            "base": {"ref": pull.base, "sha": pull.base_sha, "repo_id": pull.repo.id},
            "merge_base": pull.base_sha,
            "state": "open" if pull.state == "open" else "closed",
            "draft": pull.draft,
            "merged": merged,
            "mergeable": mergeable,
            "merge_commit_sha": pull.merged_sha or None,
            "merged_by": _user(pull.ended_by) if merged and pull.ended_by else None,
            "merged_at": iso(pull.ended_at) if merged else None,
            "closed_at": iso(pull.ended_at),
            "created_at": iso(pull.created_at),
            "updated_at": iso(pull.updated_at),
        }

    # -- Webhooks --------------------------------------------------------------------------------

    def payload(self, pull: Pull, action: str) -> tuple[str, dict[str, Any]]:
        return "pull_request", {
            "action": "synchronized" if action == "synchronize" else action,
            "number": pull.number,
            "pull_request": self._pull_value(pull),
            "repository": self._repo_value(pull.repo),
            "sender": _user(pull.ended_by or pull.author),
        }

    def status_payload(self, repo: Repo, status: Status) -> tuple[str, dict[str, Any]]:
        value = {"sha": status.sha, "context": status.name, "state": status.state}
        return "status", {**value, "repository": self._repo_value(repo)}

    def signed(self, event: str, value: dict[str, Any]) -> Webhook:
        body = json.dumps(value).encode()
        digest = hex_hmac(self.webhooks.secret, body)
        headers = {
            "Content-Type": "application/json",
            "X-GitHub-Event": event,
            "X-Hub-Signature-256": f"sha256={digest}",
        }
        for name in ("Gitea", "Forgejo") if self.forgejo else ("Gitea",):
            headers[f"X-{name}-Event"] = event
            headers[f"X-{name}-Delivery"] = str(uuid.uuid4())
            headers[f"X-{name}-Signature"] = digest
        return Webhook(event, headers, body)


def _user(account: Account) -> dict[str, Any]:
    return {"id": account.id, "login": account.login}


def _status(status: Status) -> dict[str, Any]:
    return {"id": status.id, "context": status.name, "status": status.state,
            "target_url": status.url, "description": status.description}  # fmt: skip
