"""GitLab. Its merge requests are called pull requests here.

The calls are those of version 4 of https://docs.gitlab.com/api/rest/.
"""

import re
from collections.abc import Hashable
from urllib.parse import quote

from forges.choices import CheckState, MergeMethod, PullRequestState
from forges.clients.addresses import segments
from forges.clients.auth import Token
from forges.clients.base import (
    LONGEST_DESCRIPTION,
    STATUS_NAME,
    Check,
    Client,
    Grants,
    Listed,
    PullRequestData,
    RepositoryData,
    latest,
)
from forges.clients.fields import Fields
from forges.clients.http import Http, Params
from forges.errors import HeadMoved, NotFound, NotMergeable, Refused
from forges.models import Credentials

PAGE = 100
BOT = re.compile(r"(project|group)_[0-9]+_bot(_\w+)?")
"""The accounts of project and group access tokens."""
STATES = {
    "opened": PullRequestState.OPEN,
    "locked": PullRequestState.OPEN,  # while it is being merged
    "closed": PullRequestState.CLOSED,
    "merged": PullRequestState.MERGED,
}
CONFLICTS = {"conflict", "need_rebase", "commits_status", "cannot_be_merged"}
UNKNOWN = {"unchecked", "checking", "preparing", "approvals_syncing", "not_open", ""}
"""Values of `detailed_merge_status` that say that it conflicts, or that GitLab does not know."""
CHECKS = {
    "success": CheckState.SUCCESS,
    "failed": CheckState.FAILURE,
    "canceled": CheckState.FAILURE,
    "skipped": CheckState.SKIPPED,
    "manual": CheckState.SKIPPED,
}
WORDS = {
    CheckState.PENDING: "pending",
    CheckState.SUCCESS: "success",
    CheckState.FAILURE: "failed",
    CheckState.SKIPPED: "success",
}
"""The states that a status is set to."""
MERGE_ANSWERS = {405: NotMergeable, 406: NotMergeable, 409: HeadMoved, 422: NotMergeable}
METHODS = {"never": (MergeMethod.MERGE,), "always": (MergeMethod.SQUASH,)}
"""The methods that a project allows by its `squash_option`; any other leaves the choice."""
EITHER = (MergeMethod.MERGE, MergeMethod.SQUASH)
SAME_STATE = "Cannot transition status"
"""GitLab refuses to set the state that a status has already."""


class GitLab(Client):
    """The requests to GitLab, with a personal, group or project access token."""

    def __init__(
        self, name: str, api_url: str, credentials: Credentials, ca_certificates: str = ""
    ) -> None:
        auth = Token("PRIVATE-TOKEN", credentials.token)
        self._http = Http(
            name, api_url, auth, ca_certificates=ca_certificates, accept="application/json"
        )
        self._bots: dict[int, bool] = {}

    # -- Reading ---------------------------------------------------------------------------------

    def grants(self) -> Grants:
        scopes = self._http.get("/personal_access_tokens/self").fields("token").texts("scopes")
        account = self._http.get("/user").fields("user").text("username", most=255)
        return Grants(account, tuple(scopes), () if "api" in scopes else ("api",))

    def repository(self, path: str) -> RepositoryData:
        told = self._http.get(_project(path)).fields("project")
        return RepositoryData(
            remote_id=str(told.number("id")),
            path=told.text("path_with_namespace", most=500),
            url=told.link("web_url"),
            archived=told.truth("archived"),
            merge_methods=METHODS.get(told.maybe_text("squash_option"), EITHER),
        )

    def pull_request(self, path: str, number: int) -> PullRequestData:
        told = self._http.get(_request(path, number)).fields("merge_request")
        state, author = told.choice("state", STATES), told.inside("author")
        return PullRequestData(
            number=told.number("iid"),
            url=told.link("web_url"),
            title=told.maybe_text("title"),
            body=told.maybe_text("description"),
            author=author.text("username", most=255),
            author_is_bot=self._is_bot(author),
            labels=tuple(one[:255] for one in told.texts("labels")),
            head_ref=told.text("source_branch", most=1000),
            head_sha=told.sha("sha"),
            base_ref=told.text("target_branch", most=1000),
            base_sha=told.maybe_inside("diff_refs").maybe_sha("base_sha"),
            state=state,
            draft=told.truth("draft"),
            mergeable=_mergeable(told),
            from_fork=told.number("source_project_id") != told.number("target_project_id"),
            merged_sha=_merged_sha(told) if state == PullRequestState.MERGED else "",
            ended_by=_ended_by(told, state),
            ended_at=told.maybe_time("merged_at") or told.maybe_time("closed_at"),
            forge_updated_at=told.time("updated_at"),
        )

    def _is_bot(self, author: Fields) -> bool:
        """Return whether an account is a bot; only the account itself tells, and not to all."""
        if BOT.fullmatch(author.text("username", most=255)):
            return True
        account = author.number("id")
        if account not in self._bots:
            try:
                found = self._http.get(f"/users/{account}").fields("user").truth("bot")
            except NotFound:
                found = False
            self._bots[account] = found
        return self._bots[account]

    def message(self, path: str, number: int) -> str:
        """Return the message of the first commit, which GitLab lists last."""
        first = None
        pages = self._http.pages(f"{_request(path, number)}/commits", {"per_page": PAGE})
        for answer in pages:
            if commits := answer.objects("commits"):
                first = commits[-1]
        return first.maybe_text("message") if first else ""

    def diff(self, path: str, number: int) -> str:
        return self._http.diff(f"{_request(path, number)}/raw_diffs")

    def checks(self, path: str, sha: str) -> list[Check]:
        where = f"{_project(path)}/repository/commits/{quote(sha, safe='')}/statuses"
        found = [
            one
            for answer in self._http.pages(where, {"per_page": PAGE})
            for one in answer.objects("statuses")
        ]
        found.sort(key=lambda one: one.number("id"), reverse=True)
        return latest(map(_check, found))

    def has_comment(self, path: str, number: int, marker: str) -> bool:
        params: Params = {"sort": "desc", "per_page": PAGE}
        return any(
            marker in note.maybe_text("body")
            for answer in self._http.pages(f"{_request(path, number)}/notes", params)
            for note in answer.objects("notes")
        )

    def has_change_request(self, path: str, number: int, marker: str) -> bool:
        where = f"{_request(path, number)}/discussions"
        return any(
            marker in note.maybe_text("body")
            for answer in self._http.pages(where, {"per_page": PAGE})
            for thread in answer.objects("discussions")
            for note in thread.maybe_objects("notes")
        )

    def _list(self, path: str, *, only_open: bool) -> tuple[str, Params]:
        state = "opened" if only_open else "all"
        order = {"order_by": "updated_at", "sort": "desc"}
        return f"{_project(path)}/merge_requests", {"state": state, **order, "per_page": PAGE}

    def _listed(self, told: Fields) -> Listed:
        return Listed(told.number("iid"), told.sha("sha"), told.time("updated_at"))

    # -- Writing ---------------------------------------------------------------------------------

    def _merge(self, path: str, number: int, head_sha: str, method: MergeMethod) -> str:
        if method == MergeMethod.REBASE:
            raise Refused("GitLab rebases if the project is set so, not for one merge request")
        values = {"sha": head_sha, "squash": method == MergeMethod.SQUASH}
        where = f"{_request(path, number)}/merge"
        try:
            answer = self._http.send("PUT", where, values, meanings=MERGE_ANSWERS)
        except NotMergeable as error:
            raise NotMergeable(f"{error.words} ({self._merge_status(path, number)})") from None
        told = answer.fields("merge_request")
        said = told.maybe_text("merge_error", most=300)
        if said and told.maybe_text("state") != "merged":  # it failed, and the status is 200
            raise NotMergeable(said)
        return self._merged(path, number)

    def _merge_status(self, path: str, number: int) -> str:
        told = self._http.get(_request(path, number)).fields("merge_request")
        return told.maybe_text("detailed_merge_status", most=100) or "no reason given"

    def close(self, path: str, number: int) -> None:
        self._http.send("PUT", _request(path, number), {"state_event": "close"})

    def comment(self, path: str, number: int, text: str) -> None:
        self._http.send("POST", f"{_request(path, number)}/notes", {"body": text})

    def request_changes(self, path: str, number: int, *, head_sha: str, text: str) -> None:
        """Open a thread, which must be resolved before a merge if the project is set so."""
        self._http.send("POST", f"{_request(path, number)}/discussions", {"body": text})

    def assign(self, path: str, number: int, account: str) -> None:
        users = self._http.get("/users", params={"username": account}).objects("users")
        if not users:
            raise NotFound(f"GitLab has no account {account}")
        wanted, where = users[0].number("id"), _request(path, number)
        present = _assignees(self._http.get(where).fields("merge_request"))
        answer = self._http.send("PUT", where, {"assignee_ids": [*present, wanted]})
        if wanted not in _assignees(answer.fields("merge_request")):
            raise Refused(f"GitLab did not assign {account}: the account has no access")

    def delete_branch(self, path: str, branch: str) -> None:
        segments(branch)  # it must be a name of one
        where = f"{_project(path)}/repository/branches/{quote(branch, safe='')}"
        self._http.send("DELETE", where)

    def set_status(
        self, path: str, sha: str, *, state: CheckState, description: str, url: str
    ) -> None:
        values = {
            "state": WORDS[state],
            "name": STATUS_NAME,
            "description": description[:LONGEST_DESCRIPTION],
            **({"target_url": url} if url else {}),  # "" is no address to GitLab
        }
        try:
            self._http.send("POST", f"{_project(path)}/statuses/{quote(sha, safe='')}", values)
        except Refused as error:
            if SAME_STATE not in error.words:
                raise


def _project(path: str) -> str:
    segments(path)  # each must be one
    return f"/projects/{quote(path, safe='')}"


def _request(path: str, number: int) -> str:
    return f"{_project(path)}/merge_requests/{number}"


def _mergeable(told: Fields) -> bool | None:
    """Return whether it merges without a conflict; rules of the project do not count."""
    status = told.maybe_text("detailed_merge_status") or told.maybe_text("merge_status")
    if status in CONFLICTS or told.truth("has_conflicts"):
        return False
    return None if status in UNKNOWN else True


def _merged_sha(told: Fields) -> str:
    """Return the merge commit; a fast-forward makes none, so that it is the head."""
    return (
        told.maybe_sha("merge_commit_sha")
        or told.maybe_sha("squash_commit_sha")
        or told.maybe_sha("sha")
    )


def _ended_by(told: Fields, state: PullRequestState) -> str:
    if state == PullRequestState.OPEN:
        return ""
    found = {PullRequestState.CLOSED: ["closed_by"]}.get(state, ["merge_user", "merged_by"])
    names = [told.maybe_inside(one).maybe_text("username", most=255) for one in found]
    return next(filter(None, names), "")


def _assignees(told: Fields) -> list[int]:
    return [one.number("id") for one in told.maybe_objects("assignees")]


def _check(told: Fields) -> tuple[Hashable, Check]:
    """Return a status or job; one that fails and is allowed to does not count."""
    word, summary = told.maybe_text("status"), told.maybe_text("description", most=500)
    state = CHECKS.get(word, CheckState.PENDING)
    if state == CheckState.FAILURE and told.truth("allow_failure"):
        state, summary = CheckState.SKIPPED, summary or f"{word}, which is allowed"
    check = Check(
        name=told.text("name", most=1000),
        state=state,
        url=told.maybe_link("target_url"),
        summary=summary,
    )
    return check.name, check
