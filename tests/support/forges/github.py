"""A fake of GitHub, from https://docs.github.com/rest as of version 2022-11-28."""

import json
import uuid
from dataclasses import replace
from typing import Any

from forges.choices import ForgeKind
from tests.support.forges.core import iso
from tests.support.forges.github_app import App
from tests.support.forges.http import About, Asked, Failure, Reply, route
from tests.support.forges.merge_queue import MergeQueues
from tests.support.forges.models import Account, Pull, Repo, Status
from tests.support.forges.webhooks import Webhook, hex_hmac

METHODS = {"merge": "Merge commits", "squash": "Squash merges", "rebase": "Rebase merges"}
QUEUE_REQUIRED = (
    "Repository rule violations found\n\nChanges must be made through the merge queue\n\n"
)
REQUESTS = (
    ("look", "GET", r"/pulls/(\d+)$"),
    ("merge", "PUT", r"/pulls/(\d+)/merge$"),
    ("close", "PATCH", r"/pulls/(\d+)$"),
    ("comment", "POST", r"/issues/(\d+)/comments$"),
    ("review", "POST", r"/pulls/(\d+)/reviews$"),
    ("assign", "POST", r"/issues/(\d+)/assignees$"),
    ("status", "POST", r"/statuses/\w+$"),
    ("branch", "DELETE", r"/git/refs/heads/"),
)
PULLS = "/repos/{owner}/{repo}/pulls"
PULL = PULLS + "/{number}"
ISSUE = "/repos/{owner}/{repo}/issues/{number}"


class FakeGitHub(App, MergeQueues):
    """A GitHub with an App and merge queues."""

    kind = ForgeKind.GITHUB
    requests = REQUESTS

    def __init__(self) -> None:
        super().__init__()
        self.scopes = "repo"

    # -- Around each request ---------------------------------------------------------------------

    def token_of(self, asked: Asked) -> str:
        return asked.headers.get("authorization", "").removeprefix("Bearer ")

    def about(self, asked: Asked) -> About:
        return self.about_queue(asked) if asked.path == "/graphql" else super().about(asked)

    def admitted(self, asked: Asked) -> Reply | None:
        if not asked.headers.get("user-agent"):
            raise Failure(403, "Request forbidden by administrative rules: no User-Agent")
        if self.remaining == 0:
            raise Failure(
                403, "API rate limit exceeded", X_RateLimit_Remaining="0",
                X_RateLimit_Reset=str(self.reset_at),
            )  # fmt: skip
        if not asked.path.startswith("/app"):
            self.asking(asked)
        return self._moved(asked)

    def _moved(self, asked: Asked) -> Reply | None:
        """Redirect to a repository's address by id if it was renamed."""
        parts = asked.path.split("/")
        for repo in self.repos.values():
            if parts[1] == "repos" and "/".join(parts[2:4]) in repo.moved_from:
                target = "/".join([f"{self.url}/repositories/{repo.id}", *parts[4:]])
                return Reply(301, {"message": "Moved"}, headers={"Location": target})
            if parts[1:3] == ["repositories", str(repo.id)]:
                path = "/".join([f"/repos/{repo.path}", *parts[3:]])
                return self._routed(replace(asked, path=path))
        return None

    def finished(self, asked: Asked, reply: Reply) -> Reply:
        return self.conditional(asked, reply, "X-RateLimit")

    # -- Reading ---------------------------------------------------------------------------------

    @route("GET", "/user")
    def _user(self, asked: Asked) -> Reply:
        return Reply(value=_user(self.asking(asked)), headers={"X-OAuth-Scopes": self.scopes})

    @route("GET", "/repos/{owner}/{repo}")
    def _repo(self, asked: Asked, owner: str, repo: str) -> dict[str, Any]:
        return self._repo_value(self.repo_at(f"{owner}/{repo}"))

    @route("GET", PULL)
    def _pull(self, asked: Asked, owner: str, repo: str, number: str) -> Any:
        pull = self.pull_at(f"{owner}/{repo}", number)
        if asked.headers.get("accept") == "application/vnd.github.diff":
            diff = pull.repo.git.diff(pull.base_sha, pull.head_sha)
            if diff.count(b"\n") > 20_000:
                raise Failure(406, "Sorry, the diff exceeded the maximum number of lines (20000)")
            return Reply(data=diff, headers={"Content-Type": "application/vnd.github.diff"})
        return self._pull_value(pull, mergeable=pull.merges() if pull.state == "open" else None)

    @route("GET", PULLS)
    def _pulls(self, asked: Asked, owner: str, repo: str) -> Reply:
        only_open = asked.query.get("state", "open") == "open"
        found = self.open_pulls(f"{owner}/{repo}", only_open=only_open)
        return self._paged(asked, [self._pull_value(one) for one in found])

    @route("GET", PULL + "/commits")
    def _commits(self, asked: Asked, owner: str, repo: str, number: str) -> Reply:
        pull = self.pull_at(f"{owner}/{repo}", number)
        found = pull.repo.git.commits(pull.base_sha, pull.head_sha)
        return self._paged(
            asked, [{"sha": one.sha, "commit": {"message": one.message}} for one in found]
        )

    @route("GET", "/repos/{owner}/{repo}/commits/{sha}/check-runs")
    def _check_runs(self, asked: Asked, owner: str, repo: str, sha: str) -> Reply:
        found = self.status_of(self.repo_at(f"{owner}/{repo}"), sha)
        runs = [_run(one) for one in found if one.is_run]
        return self._paged(asked, runs, "check_runs", total_count=len(runs))

    @route("GET", "/repos/{owner}/{repo}/commits/{sha}/status")
    def _statuses(self, asked: Asked, owner: str, repo: str, sha: str) -> Reply:
        found = self.status_of(self.repo_at(f"{owner}/{repo}"), sha)
        values = [_status(one) for one in found if not one.is_run]
        return self._paged(asked, values, "statuses", sha=sha, state="pending")

    @route("GET", ISSUE + "/comments")
    def _comments(self, asked: Asked, owner: str, repo: str, number: str) -> Reply:
        found = self.pull_at(f"{owner}/{repo}", number).comments
        return self._paged(asked, [{"body": one} for one in found])

    @route("GET", PULL + "/reviews")
    def _reviews(self, asked: Asked, owner: str, repo: str, number: str) -> Reply:
        found = self.pull_at(f"{owner}/{repo}", number).reviews
        return self._paged(asked, [{"body": one["body"], "state": "CHANGES_REQUESTED"}
                                   for one in found])  # fmt: skip

    @route("GET", ISSUE)
    def _issue(self, asked: Asked, owner: str, repo: str, number: str) -> dict[str, Any]:
        return self._issue_value(self.pull_at(f"{owner}/{repo}", number))

    # -- Writing ---------------------------------------------------------------------------------

    @route("PUT", PULL + "/merge")
    def _merge(self, asked: Asked, owner: str, repo: str, number: str) -> Any:
        pull, value = self.pull_at(f"{owner}/{repo}", number), asked.value()
        method = value.get("merge_method", "merge")
        if pull.repo.archived:
            raise Failure(403, "Repository was archived so is read-only.")
        if value.get("sha", pull.head_sha) != pull.head_sha:
            raise Failure(409, "Head branch was modified. Review and try the merge again.")
        if pull.repo.queue:
            raise Failure(405, QUEUE_REQUIRED)
        if method not in pull.repo.methods:
            raise Failure(405, f"{METHODS[method]} are not allowed on this repository.")
        sha = self.merge_asked(pull, asked, method)
        return {"sha": sha, "merged": True, "message": "Pull Request successfully merged"}

    @route("PATCH", PULL)
    def _change(self, asked: Asked, owner: str, repo: str, number: str) -> dict[str, Any]:
        pull = self.pull_at(f"{owner}/{repo}", number)
        if asked.value().get("state") == "closed":
            self.close_asked(pull, asked)
        return self._pull_value(pull)

    @route("POST", ISSUE + "/comments")
    def _comment(self, asked: Asked, owner: str, repo: str, number: str) -> Reply:
        pull = self.pull_at(f"{owner}/{repo}", number)
        return Reply(201, {"id": self.comment_asked(pull, asked)})

    @route("POST", ISSUE + "/assignees")
    def _assign(self, asked: Asked, owner: str, repo: str, number: str) -> Reply:
        pull = self.pull_at(f"{owner}/{repo}", number)
        wanted = [self.accounts[one] for one in asked.value()["assignees"]
                  if one in self.accounts]  # fmt: skip
        added = [one for one in wanted if one not in pull.assignees]
        self.assign_asked(pull, asked, [*pull.assignees, *added])  # others: without a word
        return Reply(201, self._issue_value(pull))

    @route("POST", PULL + "/reviews")
    def _review(self, asked: Asked, owner: str, repo: str, number: str) -> dict[str, Any]:
        pull, review = self.pull_at(f"{owner}/{repo}", number), asked.value()
        if pull.author == self.asking(asked):
            raise Failure(422, "Can not request changes on your own pull request")
        pull.reviews.append(review)
        self.note(pull, "review", self.asking(asked), review["body"])
        return {"id": next(self._ids), "state": "CHANGES_REQUESTED"}

    @route("DELETE", "/repos/{owner}/{repo}/git/refs/heads/{branch*}")
    def _delete(self, asked: Asked, owner: str, repo: str, branch: str) -> Reply:
        found = self.repo_at(f"{owner}/{repo}")
        if not found.git.head(branch):
            raise Failure(422, "Reference does not exist")
        self.delete_branch_asked(found, branch, asked)
        return Reply(204)

    @route("POST", "/repos/{owner}/{repo}/statuses/{sha}")
    def _set_status(self, asked: Asked, owner: str, repo: str, sha: str) -> Reply:
        found, value = self.repo_at(f"{owner}/{repo}"), asked.value()
        if value["state"] not in {"error", "failure", "pending", "success"}:
            raise Failure(422, "Validation Failed")
        if not found.git.has(sha):
            raise Failure(422, f"No commit found for SHA: {sha}")
        text, url = value.get("description", ""), value.get("target_url", "")
        status = self.add_check(
            found, sha, value["context"], value["state"], description=text, url=url
        )
        return Reply(201, _status(status))

    # -- Values ----------------------------------------------------------------------------------

    def _paged(self, asked: Asked, items: list[Any], name: str = "", **fields: Any) -> Reply:
        """Return a page of a list, or of the list `name` in an object; Link names the next one."""
        size = min(int(asked.query.get("per_page", 30)), 100)
        (shown, following), headers = self.page(asked, items, size), {}
        if following:
            headers["Link"] = f'<{following}>; rel="next", <{following}>; rel="last"'
        return Reply(value={name: shown, **fields} if name else shown, headers=headers)

    def _repo_value(self, repo: Repo) -> dict[str, Any]:
        name = repo.path.split("/")[1]
        owner = {"login": repo.path.split("/")[0]}
        return {"id": repo.id, "name": name, "full_name": repo.path, "html_url": self.link(repo),
                "owner": owner, "archived": repo.archived, "private": True,
                "allow_merge_commit": "merge" in repo.methods,
                "allow_squash_merge": "squash" in repo.methods,
                "allow_rebase_merge": "rebase" in repo.methods}  # fmt: skip

    def _pull_value(self, pull: Pull, *, mergeable: bool | None = None) -> dict[str, Any]:
        repo = self._repo_value(pull.repo)
        merged = pull.state == "merged"
        return {
            "id": pull.repo.id * 10_000 + pull.number,
            "number": pull.number,
            "html_url": f"{self.link(pull.repo)}/pull/{pull.number}",
            "title": pull.title,
            "body": pull.body or None,
            "user": _user(pull.author),
            "labels": [{"name": one} for one in pull.labels],
            "head": {"ref": pull.branch, "sha": pull.head_sha, "repo": repo},
            "base": {"ref": pull.base, "sha": pull.base_sha, "repo": repo},
            "state": "open" if pull.state == "open" else "closed",
            "draft": pull.draft,
            "merged": merged,
            "mergeable": mergeable,
            "merge_commit_sha": pull.merged_sha if merged else "f" * 40,  # of a trial merge
            "merged_by": _user(pull.ended_by) if merged and pull.ended_by else None,
            "merged_at": iso(pull.ended_at) if merged else None,
            "closed_at": iso(pull.ended_at),
            "created_at": iso(pull.created_at),
            "updated_at": iso(pull.updated_at),
        }

    def _issue_value(self, pull: Pull) -> dict[str, Any]:
        closed_by = _user(pull.ended_by) if pull.ended_by else None
        assignees = [_user(one) for one in pull.assignees]
        return {"number": pull.number, "closed_by": closed_by, "assignees": assignees}

    # -- Webhooks --------------------------------------------------------------------------------

    def payload(self, pull: Pull, action: str) -> tuple[str, dict[str, Any]]:
        return "pull_request", {
            "action": action,
            "number": pull.number,
            "pull_request": self._pull_value(pull),
            "repository": self._repo_value(pull.repo),
            "sender": _user(pull.ended_by or pull.author),
        }

    def status_payload(self, repo: Repo, status: Status) -> tuple[str, dict[str, Any]]:
        value: dict[str, Any] = {"repository": self._repo_value(repo)}
        if status.is_run:
            run = {**_run(status), "head_sha": status.sha, "pull_requests": []}
            return "check_run", {**value, "action": "completed", "check_run": run}
        return "status", {**value, **_status(status), "sha": status.sha}

    def signed(self, event: str, value: dict[str, Any]) -> Webhook:
        body = json.dumps(value).encode()
        digest = hex_hmac(self.webhooks.secret, body)
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "GitHub-Hookshot/fake",
            "X-GitHub-Event": event,
            "X-GitHub-Delivery": str(uuid.uuid4()),
            "X-Hub-Signature-256": f"sha256={digest}",
        }
        return Webhook(event, headers, body)


def _user(account: Account) -> dict[str, Any]:
    return {"login": account.login, "id": account.id, "type": "Bot" if account.bot else "User"}


def _run(status: Status) -> dict[str, Any]:
    """Return a check run; a state that is no status of one is its conclusion."""
    open_states = {"queued", "in_progress", "waiting"}
    done = status.state not in open_states
    return {
        "id": status.id,
        "name": status.name,
        "status": "completed" if done else status.state,
        "conclusion": status.state if done else None,
        "html_url": status.url,
        "app": {"id": 15368},
        "output": {"title": status.description or None},
    }


def _status(status: Status) -> dict[str, Any]:
    return {"id": status.id, "context": status.name, "state": status.state,
            "target_url": status.url, "description": status.description}  # fmt: skip
