"""A fake of GitLab, from https://docs.gitlab.com/api/rest/ as of version 18."""

import json
import uuid
from typing import Any

from forges.choices import ForgeKind
from tests.support.forges.core import FakeForge, iso
from tests.support.forges.http import About, Asked, Failure, Reply, route
from tests.support.forges.models import Account, Pull, Repo, Status
from tests.support.forges.webhooks import Webhook

PROJECT = "/api/v4/projects/{project}"
REQUESTS = PROJECT + "/merge_requests"
REQUEST = REQUESTS + "/{iid}"
STATES = {"pending", "running", "success", "failed", "canceled", "skipped"}
SQUASHING = {
    True: "This project does not allow squashing commits when merge requests are accepted.",
    False: "This project requires squashing commits when merge requests are accepted.",
}
"""What GitLab says of a merge that squashes and of one that does not."""
ACTIONS = {"opened": "open", "closed": "close", "reopened": "reopen"}


class FakeGitLab(FakeForge):
    """A GitLab. `unchecked` is how many merges are refused because it has not looked yet."""

    kind = ForgeKind.GITLAB
    api = "/api/v4"
    requests = (
        ("look", "GET", r"/merge_requests/(\d+)$"),
        ("merge", "PUT", r"/merge_requests/(\d+)/merge$"),
        ("close", "PUT", r"/merge_requests/(\d+)$"),
        ("comment", "POST", r"/merge_requests/(\d+)/notes$"),
        ("review", "POST", r"/merge_requests/(\d+)/discussions$"),
        ("status", "POST", r"/statuses/\w+$"),
        ("branch", "DELETE", r"/repository/branches/"),
    )

    def __init__(self) -> None:
        super().__init__()
        self.scopes = ["api"]
        self.unchecked = 0

    # -- Around each request ---------------------------------------------------------------------

    def about(self, asked: Asked) -> About:
        found = super().about(asked)
        changes = found.kind == "close" and "state_event" not in asked.value()
        return About("assign", found.number) if changes else found

    def token_of(self, asked: Asked) -> str:
        bearer = asked.headers.get("authorization", "").removeprefix("Bearer ")
        return asked.headers.get("private-token", bearer)

    def admitted(self, asked: Asked) -> Reply | None:
        if self.remaining == 0:
            raise Failure(429, "Retry later", RateLimit_Remaining="0",
                          RateLimit_Reset=str(self.reset_at))  # fmt: skip
        self.asking(asked)
        for repo in self.repos.values():
            for old in repo.moved_from:
                path = f"/api/v4/projects/{old.replace('/', '%2F')}"
                if asked.method == "GET" and asked.path.startswith(path):
                    target = f"{self.url}/api/v4/projects/{repo.id}{asked.path[len(path) :]}"
                    return Reply(301, headers={"Location": target})
        return None

    def finished(self, asked: Asked, reply: Reply) -> Reply:
        return self.conditional(asked, reply, "RateLimit")

    def repo_at(self, path: str) -> Repo:
        """Return a project by its path or id."""
        for repo in self.repos.values():
            if path in {repo.path, str(repo.id)}:
                return repo
        raise Failure(404, "404 Project Not Found")

    # -- Reading ---------------------------------------------------------------------------------

    @route("GET", "/api/v4/personal_access_tokens/self")
    def _token(self, asked: Asked) -> dict[str, Any]:
        return {"id": 1, "scopes": self.scopes, "active": True}

    @route("GET", "/api/v4/user")
    def _me(self, asked: Asked) -> dict[str, Any]:
        return _user(self.asking(asked))

    @route("GET", "/api/v4/users")
    def _users(self, asked: Asked) -> list[dict[str, Any]]:
        found = self.accounts.get(asked.query["username"])
        return [_user(found)] if found else []

    @route("GET", "/api/v4/users/{number}")
    def _account(self, asked: Asked, number: str) -> dict[str, Any]:
        for account in self.accounts.values():
            if str(account.id) == number:
                return {**_user(account), "bot": account.bot}
        raise Failure(404, "404 User Not Found")

    @route("GET", PROJECT)
    def _project(self, asked: Asked, project: str) -> dict[str, Any]:
        return self._project_value(self.repo_at(project))

    @route("GET", REQUESTS)
    def _requests(self, asked: Asked, project: str) -> Reply:
        only_open = asked.query.get("state") == "opened"
        found = self.open_pulls(self.repo_at(project).path, only_open=only_open)
        return self._paged(asked, [self._request_value(one) for one in found])

    @route("GET", REQUEST)
    def _request(self, asked: Asked, project: str, iid: str) -> dict[str, Any]:
        pull = self.pull_at(project, iid)
        return self._request_value(pull, status=self._merge_status(pull))

    @route("GET", REQUEST + "/raw_diffs")
    def _diff(self, asked: Asked, project: str, iid: str) -> Reply:
        pull = self.pull_at(project, iid)
        return Reply(data=pull.repo.git.diff(pull.base_sha, pull.head_sha))

    @route("GET", REQUEST + "/commits")
    def _commits(self, asked: Asked, project: str, iid: str) -> Reply:
        pull = self.pull_at(project, iid)
        found = pull.repo.git.commits(pull.base_sha, pull.head_sha)
        return self._paged(
            asked, [{"id": one.sha, "message": one.message} for one in reversed(found)]
        )

    @route("GET", REQUEST + "/notes")
    def _notes(self, asked: Asked, project: str, iid: str) -> Reply:
        pull = self.pull_at(project, iid)  # its notes are those of its threads, too
        return self._paged(asked, [_note(one) for one in [*pull.comments, *pull.threads][::-1]])

    @route("GET", REQUEST + "/discussions")
    def _discussions(self, asked: Asked, project: str, iid: str) -> Reply:
        pull = self.pull_at(project, iid)
        alone = [{"individual_note": True, "notes": [_note(one)]} for one in pull.comments]
        threads = [{"individual_note": False, "notes": [_note(one)]} for one in pull.threads]
        return self._paged(asked, alone + threads)

    @route("GET", PROJECT + "/repository/commits/{sha}/statuses")
    def _statuses(self, asked: Asked, project: str, sha: str) -> Reply:
        found = self.status_of(self.repo_at(project), sha)
        return self._paged(asked, [_status(one) for one in found])

    # -- Writing ---------------------------------------------------------------------------------

    @route("PUT", REQUEST + "/merge")
    def _merge(self, asked: Asked, project: str, iid: str) -> dict[str, Any]:
        pull, value = self.pull_at(project, iid), asked.value()
        squash = bool(value.get("squash"))
        if pull.repo.archived:
            raise Failure(401, "401 Unauthorized")
        if self.unchecked:
            self.unchecked -= 1
            raise Failure(405, "405 Method Not Allowed")
        if value.get("sha") != pull.head_sha:
            raise Failure(409, "SHA does not match HEAD of source branch: " + pull.head_sha)
        if pull.state == "open" and not pull.merges():
            raise Failure(422, "Branch cannot be merged")
        if ("squash" if squash else "merge") not in pull.repo.methods:
            return self._request_value(pull) | {"merge_error": SQUASHING[squash]}
        self.merge_asked(pull, asked, "squash" if squash else "merge")
        return self._request_value(pull)

    @route("PUT", REQUEST)
    def _change(self, asked: Asked, project: str, iid: str) -> dict[str, Any]:
        pull, value = self.pull_at(project, iid), asked.value()
        if value.get("state_event") == "close":
            self.close_asked(pull, asked)
        if "assignee_ids" in value:
            known = {one.id: one for one in self.accounts.values()}
            wanted = [known[one] for one in dict.fromkeys(value["assignee_ids"]) if one in known]
            self.assign_asked(pull, asked, wanted)
        return self._request_value(pull)

    @route("POST", REQUEST + "/notes")
    def _note(self, asked: Asked, project: str, iid: str) -> Reply:
        return Reply(201, {"id": self.comment_asked(self.pull_at(project, iid), asked)})

    @route("POST", REQUEST + "/discussions")
    def _discussion(self, asked: Asked, project: str, iid: str) -> Reply:
        pull, text = self.pull_at(project, iid), asked.value()["body"]
        pull.threads.append(text)
        self.note(pull, "review", self.asking(asked), text)
        return Reply(201, {"id": uuid.uuid4().hex, "notes": [{"resolvable": True}]})

    @route("DELETE", PROJECT + "/repository/branches/{branch}")
    def _delete(self, asked: Asked, project: str, branch: str) -> Reply:
        repo = self.repo_at(project)
        if not repo.git.head(branch):
            raise Failure(404, "404 Branch Not Found")
        self.delete_branch_asked(repo, branch, asked)
        return Reply(204)

    @route("POST", PROJECT + "/statuses/{sha}")
    def _set_status(self, asked: Asked, project: str, sha: str) -> Reply:
        repo, value = self.repo_at(project), asked.value()
        if value["state"] not in STATES:
            raise Failure(400, "state does not have a valid value")
        found = [one for one in self.status_of(repo, sha) if one.name == value["name"]]
        if found and found[0].state == value["state"] == "pending":
            raise Failure(400, "Cannot transition status via :enqueue from :pending")
        text, url = value.get("description", ""), value.get("target_url", "")
        status = self.add_check(repo, sha, value["name"], value["state"], description=text, url=url)
        return Reply(201, _status(status))

    # -- Values ----------------------------------------------------------------------------------

    def _paged(self, asked: Asked, items: list[Any]) -> Reply:
        shown, following = self.page(asked, items, int(asked.query.get("per_page", 20)))
        headers = {"X-Next-Page": following.rpartition("=")[2]}
        if following:
            headers["Link"] = f'<{following}>; rel="next"'
        return Reply(value=shown, headers=headers)

    def _project_value(self, repo: Repo) -> dict[str, Any]:
        return {"id": repo.id, "path_with_namespace": repo.path, "web_url": self.link(repo),
                "archived": repo.archived, "default_branch": "main",
                "squash_option": _squash_option(repo)}  # fmt: skip

    def _merge_status(self, pull: Pull) -> str:
        if pull.state != "open":
            return "not_open"
        if self.unchecked:
            return "unchecked"
        if not pull.merges():
            return "conflict"
        return "mergeable" if not self.lacks(pull) else "ci_must_pass"

    def _request_value(self, pull: Pull, status: str = "unchecked") -> dict[str, Any]:
        ended, merged = pull.ended_by and _user(pull.ended_by), pull.state == "merged"
        return {
            "id": pull.repo.id * 10_000 + pull.number,
            "iid": pull.number,
            "project_id": pull.repo.id,
            "source_project_id": pull.repo.id,
            "target_project_id": pull.repo.id,
            "web_url": f"{self.link(pull.repo)}/-/merge_requests/{pull.number}",
            "title": pull.title,
            "description": pull.body or None,
            "author": _user(pull.author),
            "assignees": [_user(one) for one in pull.assignees],
            "labels": pull.labels,
            "source_branch": pull.branch,
            "target_branch": pull.base,
            "sha": pull.head_sha,
            "diff_refs": {"base_sha": pull.base_sha, "head_sha": pull.head_sha},
            "state": {"open": "opened"}.get(pull.state, pull.state),
            "draft": pull.draft,
            "detailed_merge_status": status,
            "has_conflicts": status == "conflict",
            "merge_commit_sha": pull.merged_sha or None,
            "squash_commit_sha": None,
            "merge_error": None,
            "merge_user": ended if merged else None,
            "merged_at": iso(pull.ended_at) if merged else None,
            "closed_by": None if merged else ended,
            "closed_at": None if merged else iso(pull.ended_at),
            "created_at": iso(pull.created_at),
            "updated_at": iso(pull.updated_at),
        }

    # -- Webhooks --------------------------------------------------------------------------------

    def payload(self, pull: Pull, action: str) -> tuple[str, dict[str, Any]]:
        action = "merge" if pull.state == "merged" else ACTIONS.get(action, "update")
        value = self._request_value(pull)
        attributes = {**value, "action": action, "last_commit": {"id": pull.head_sha}}
        return "Merge Request Hook", {
            "object_kind": "merge_request",
            "user": _user(pull.ended_by or pull.author),
            "project": self._project_value(pull.repo),
            "object_attributes": attributes,
        }

    def status_payload(self, repo: Repo, status: Status) -> tuple[str, dict[str, Any]]:
        return "Pipeline Hook", {
            "object_kind": "pipeline",
            "object_attributes": {"id": status.id, "sha": status.sha, "status": status.state},
            "project": self._project_value(repo),
        }

    def signed(self, event: str, value: dict[str, Any]) -> Webhook:
        headers = {
            "Content-Type": "application/json",
            "X-Gitlab-Event": event,
            "X-Gitlab-Event-UUID": str(uuid.uuid4()),
            "Idempotency-Key": str(uuid.uuid4()),
            "X-Gitlab-Token": self.webhooks.secret,
        }
        return Webhook(event, headers, json.dumps(value).encode())


def _note(text: str) -> dict[str, Any]:
    return {"body": text, "system": False}


def _squash_option(repo: Repo) -> str:
    merge, squash = ("merge" in repo.methods), ("squash" in repo.methods)
    return "default_off" if merge and squash else "always" if squash else "never"


def _user(account: Account) -> dict[str, Any]:
    return {"id": account.id, "username": account.login, "name": account.login}


def _status(status: Status) -> dict[str, Any]:
    return {"id": status.id, "sha": status.sha, "name": status.name, "status": status.state,
            "target_url": status.url, "description": status.description,
            "allow_failure": False}  # fmt: skip
