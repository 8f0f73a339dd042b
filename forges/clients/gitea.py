"""Gitea and Forgejo, whose API is the same as far as it is used here.

The calls are those of version 1: https://docs.gitea.com/api/, https://code.forgejo.org/api/swagger.
"""

from collections.abc import Hashable
from urllib.parse import quote

from forges.choices import CheckState, MergeMethod, PullRequestState
from forges.clients.addresses import segments
from forges.clients.auth import Token
from forges.clients.base import (
    Check,
    Grants,
    PullRequestData,
    latest,
    names,
)
from forges.clients.fields import Fields
from forges.clients.github_like import GitHubLike, pull_path, repository_path, status_check
from forges.clients.http import Http, Params
from forges.errors import HeadMoved, NotMergeable, Refused
from forges.models import Credentials

PAGE = 50
"""More it does not give at once."""
STATES = {"open": PullRequestState.OPEN, "closed": PullRequestState.CLOSED}
CHECKS = {
    "success": CheckState.SUCCESS,
    "failure": CheckState.FAILURE,
    "error": CheckState.FAILURE,
    "warning": CheckState.FAILURE,
    "skipped": CheckState.SKIPPED,
}
MERGE_ANSWERS = {405: NotMergeable, 409: HeadMoved, 423: Refused}
"""409 means a moved head and a conflict, 423 an archived repository."""


class Gitea(GitHubLike):
    """The requests to Gitea or Forgejo, with a token."""

    in_a_page = {"limit": PAGE}
    allows = {
        MergeMethod.MERGE: "allow_merge_commits",
        MergeMethod.SQUASH: "allow_squash_merge",
        MergeMethod.REBASE: "allow_rebase",
    }

    def __init__(
        self, name: str, api_url: str, credentials: Credentials, ca_certificates: str = ""
    ) -> None:
        auth = Token("Authorization", credentials.token, "token ")
        self._http = Http(
            name, api_url, auth, ca_certificates=ca_certificates, accept="application/json"
        )

    # -- Reading ---------------------------------------------------------------------------------

    def grants(self) -> Grants:
        """Return who the credentials are; Gitea does not say what a token may do."""
        return Grants(self._http.get("/user").fields("user").text("login", most=255), (), ())

    def pull_request(self, path: str, number: int) -> PullRequestData:
        """Return a pull request. Gitea knows no bots, and does not tell who closed one."""
        told = self._http.get(pull_path(path, number)).fields("pull_request")
        head, base, merged = told.inside("head"), told.inside("base"), told.truth("merged")
        state = told.choice("state", STATES)
        return PullRequestData(
            number=told.number("number"),
            url=told.link("html_url"),
            title=told.maybe_text("title"),
            body=told.maybe_text("body"),
            author=told.inside("user").text("login", most=255),
            author_is_bot=False,
            labels=names(told.maybe_objects("labels")),
            head_ref=head.text("ref", most=1000),
            head_sha=head.sha("sha"),
            base_ref=base.text("ref", most=1000),
            base_sha=base.maybe_sha("sha"),
            state=PullRequestState.MERGED if merged else state,
            draft=told.truth("draft"),
            mergeable=told.maybe_truth("mergeable"),
            from_fork=head.maybe_number("repo_id") != base.maybe_number("repo_id"),
            merged_sha=told.maybe_sha("merge_commit_sha") if merged else "",
            ended_by=told.maybe_inside("merged_by").maybe_text("login", most=255),
            ended_at=told.maybe_time("merged_at") or told.maybe_time("closed_at"),
            forge_updated_at=told.time("updated_at"),
        )

    def message(self, path: str, number: int) -> str:
        """Return the message of the first commit, which Gitea lists last."""
        first = None
        for answer in self._http.pages(f"{pull_path(path, number)}/commits", {"limit": PAGE}):
            if commits := answer.objects("commits"):
                first = commits[-1]
        return first.inside("commit").maybe_text("message") if first else ""

    def diff(self, path: str, number: int) -> str:
        return self._http.diff(f"{pull_path(path, number)}.diff")

    def checks(self, path: str, sha: str) -> list[Check]:
        where = f"{repository_path(path)}/commits/{quote(sha, safe='')}/status"
        found = [
            one
            for answer in self._http.pages(where, {"limit": PAGE})
            for one in answer.fields("status").maybe_objects("statuses")  # null if there are none
        ]
        found.sort(key=lambda one: one.number("id"), reverse=True)
        return latest(map(_check, found))

    def _list(self, path: str, *, only_open: bool) -> tuple[str, Params]:
        state = "open" if only_open else "all"
        params: Params = {"state": state, "sort": "recentupdate", "limit": PAGE}
        return f"{repository_path(path)}/pulls", params

    # -- Writing ---------------------------------------------------------------------------------

    def _merge(self, path: str, number: int, head_sha: str, method: MergeMethod) -> str:
        values = {"Do": method, "head_commit_id": head_sha}
        where = f"{pull_path(path, number)}/merge"
        self._http.send("POST", where, values, meanings=MERGE_ANSWERS)
        return self._merged(path, number)

    def assign(self, path: str, number: int, account: str) -> None:
        present = _assignees(self._http.get(pull_path(path, number)).fields("pull_request"))
        values = {"assignees": [*present, account]}
        answer = self._http.send("PATCH", pull_path(path, number), values)
        given = _assignees(answer.fields("pull_request"))
        if account.lower() not in [one.lower() for one in given]:
            raise Refused(f"Gitea did not assign {account}: the account has no access")

    def delete_branch(self, path: str, branch: str) -> None:
        self._http.send("DELETE", f"{repository_path(path)}/branches/{segments(branch)}")


def _assignees(told: Fields) -> list[str]:
    return [one.text("login") for one in told.maybe_objects("assignees")]


def _check(told: Fields) -> tuple[Hashable, Check]:
    check = status_check(told, CHECKS.get(told.maybe_text("status"), CheckState.PENDING))
    return check.name, check
