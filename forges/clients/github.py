"""GitHub, its Enterprise Server, and what speaks as they do.

The calls are those of https://docs.github.com/rest, version 2022-11-28.
"""

import re
from collections.abc import Hashable
from contextlib import suppress
from urllib.parse import quote

from forges.choices import CheckState, MergeMethod, PullRequestState
from forges.clients import merge_queues
from forges.clients.addresses import segments
from forges.clients.app_auth import AppKey, InstallationToken
from forges.clients.auth import Auth, Token
from forges.clients.base import (
    Check,
    Grants,
    MergeQueue,
    PullRequestData,
    latest,
    names,
)
from forges.clients.fields import Fields
from forges.clients.github_like import (
    GitHubLike,
    issue_path,
    pull_path,
    repository_path,
    status_check,
)
from forges.clients.graphql import Unsupported
from forges.clients.http import Http, Params
from forges.errors import HeadMoved, NotAllowed, NotFound, NotMergeable, Refused
from forges.models import Credentials

JSON = "application/vnd.github+json"
DIFF = "application/vnd.github.diff"
PAGE = 100
LOST_ACCOUNT = "ghost"
"""What GitHub calls an account that was deleted."""
NEEDED = {
    "metadata": "read",
    "contents": "write",
    "pull_requests": "write",
    "issues": "write",
    "checks": "read",
    "statuses": "write",
}
"""The permissions that an App needs, and how far."""
LEVELS = ("read", "write", "admin")
CONCLUSIONS = {
    "success": CheckState.SUCCESS,
    "neutral": CheckState.SKIPPED,
    "skipped": CheckState.SKIPPED,
    "failure": CheckState.FAILURE,
    "cancelled": CheckState.FAILURE,
    "timed_out": CheckState.FAILURE,
    "action_required": CheckState.FAILURE,
    "startup_failure": CheckState.FAILURE,
    "stale": CheckState.FAILURE,
}
STATES = {
    "success": CheckState.SUCCESS,
    "failure": CheckState.FAILURE,
    "error": CheckState.FAILURE,
}
MERGE_ANSWERS = {405: NotMergeable, 409: HeadMoved}


class GitHub(GitHubLike):
    """The requests to GitHub, with a token or as an installation of an App."""

    in_a_page = {"per_page": PAGE}
    allows = {
        MergeMethod.MERGE: "allow_merge_commit",
        MergeMethod.SQUASH: "allow_squash_merge",
        MergeMethod.REBASE: "allow_rebase_merge",
    }

    def __init__(
        self, name: str, api_url: str, credentials: Credentials, ca_certificates: str = ""
    ) -> None:
        def http(auth: Auth) -> Http:
            return Http(name, api_url, auth, ca_certificates=ca_certificates, accept=JSON)

        self._credentials = credentials
        self._as_app = http(AppKey(credentials))
        auth: Auth = Token("Authorization", credentials.token, "Bearer ")
        if credentials.are_an_app:
            auth = InstallationToken(self._as_app, credentials)
        self._http = http(auth)

    def _connections(self) -> tuple[Http, ...]:
        return (self._http, self._as_app)

    # -- Reading ---------------------------------------------------------------------------------

    def grants(self) -> Grants:
        """Return who the credentials are and what they may do.

        GitHub does not say what a fine-grained token may do: its grants are then empty.
        """
        if self._credentials.are_an_app:
            return self._app_grants()
        answer = self._http.get("/user")
        login = answer.fields("user").text("login", most=255)
        scopes = re.findall(r"[\w:]+", answer.headers.get("x-oauth-scopes", ""))
        lacks = scopes and not {"repo", "public_repo"} & set(scopes)
        return Grants(login, tuple(scopes), ("repo",) if lacks else ())

    def _app_grants(self) -> Grants:
        path = f"/app/installations/{self._credentials.installation_id}"
        told = self._as_app.get(path).fields("installation")
        granted = told.texts_by_name("permissions")
        missing = [f"{name}: {level}" for name, level in NEEDED.items()
                   if not _reaches(granted.get(name, ""), level)]  # fmt: skip
        words = tuple(f"{name}: {level}" for name, level in sorted(granted.items()))
        return Grants(f"{told.text('app_slug', most=250)}[bot]", words, tuple(missing))

    def pull_request(self, path: str, number: int) -> PullRequestData:
        told = self._http.get(pull_path(path, number)).fields("pull_request")
        head, base, user = told.inside("head"), told.inside("base"), told.maybe_inside("user")
        state = _state(told)
        return PullRequestData(
            number=told.number("number"),
            url=told.link("html_url"),
            title=told.maybe_text("title"),
            body=told.maybe_text("body"),
            author=user.maybe_text("login", most=255) or LOST_ACCOUNT,
            author_is_bot=user.maybe_text("type") == "Bot",
            labels=names(told.maybe_objects("labels")),
            head_ref=head.text("ref", most=1000),
            head_sha=head.sha("sha"),
            base_ref=base.text("ref", most=1000),
            base_sha=base.sha("sha"),
            state=state,
            draft=told.truth("draft"),
            mergeable=told.maybe_truth("mergeable"),
            from_fork=_repository_id(head) != _repository_id(base),
            merged_sha=told.maybe_sha("merge_commit_sha") if told.truth("merged") else "",
            ended_by=self._ended_by(path, number, told, state),
            ended_at=told.maybe_time("merged_at") or told.maybe_time("closed_at"),
            forge_updated_at=told.time("updated_at"),
        )

    def _ended_by(self, path: str, number: int, told: Fields, state: PullRequestState) -> str:
        """Return who merged or closed it; only its issue tells who closed it, and not to all."""
        if state != PullRequestState.CLOSED:
            return told.maybe_inside("merged_by").maybe_text("login", most=255)
        try:
            issue = self._http.get(issue_path(path, number)).fields("issue")
        except (NotAllowed, NotFound):
            return ""
        return issue.maybe_inside("closed_by").maybe_text("login", most=255)

    def message(self, path: str, number: int) -> str:
        answer = self._http.get(f"{pull_path(path, number)}/commits", params={"per_page": 1})
        commits = answer.objects("commits")
        return commits[0].inside("commit").maybe_text("message") if commits else ""

    def diff(self, path: str, number: int) -> str:
        return self._http.diff(pull_path(path, number), accept=DIFF)

    def checks(self, path: str, sha: str) -> list[Check]:
        commit = f"{repository_path(path)}/commits/{quote(sha, safe='')}"
        params: Params = {"filter": "latest", "per_page": PAGE}
        runs = [
            one
            for answer in self._http.pages(f"{commit}/check-runs", params)
            for one in answer.fields("check_runs").objects("check_runs")
        ]
        runs.sort(key=lambda one: one.number("id"), reverse=True)
        statuses = [
            _status(one)
            for answer in self._http.pages(f"{commit}/status", {"per_page": PAGE})
            for one in answer.fields("status").objects("statuses")
        ]
        return latest([*map(_run, runs), *statuses])

    def merge_queue(self, path: str, number: int) -> MergeQueue:
        try:
            return merge_queues.look(self._http, path, number).queue
        except Unsupported:
            return super().merge_queue(path, number)

    def _list(self, path: str, *, only_open: bool) -> tuple[str, Params]:
        state = "open" if only_open else "all"
        order = {"sort": "updated", "direction": "desc"}
        return f"{repository_path(path)}/pulls", {"state": state, **order, "per_page": PAGE}

    # -- Writing ---------------------------------------------------------------------------------

    def _merge(self, path: str, number: int, head_sha: str, method: MergeMethod) -> str:
        values = {"sha": head_sha, "merge_method": method}
        where = f"{pull_path(path, number)}/merge"
        answer = self._http.send("PUT", where, values, meanings=MERGE_ANSWERS)
        told = answer.fields("merge")
        if not told.truth("merged"):
            raise NotMergeable(told.maybe_text("message", most=300) or "GitHub did not merge it")
        return told.sha("sha")

    def _enqueue(self, path: str, number: int, head_sha: str) -> None:
        merge_queues.enqueue(self._http, path, number, head_sha)

    def dequeue(self, path: str, number: int) -> None:
        with suppress(Unsupported):
            merge_queues.dequeue(self._http, path, number)

    def assign(self, path: str, number: int, account: str) -> None:
        where = f"{issue_path(path, number)}/assignees"
        told = self._http.send("POST", where, {"assignees": [account]}).fields("issue")
        given = [one.maybe_text("login").lower() for one in told.maybe_objects("assignees")]
        if account.lower() not in given:  # GitHub leaves out silently who cannot be assigned
            raise Refused(f"GitHub did not assign {account}: the account has no access")

    def delete_branch(self, path: str, branch: str) -> None:
        where = f"{repository_path(path)}/git/refs/heads/{segments(branch)}"
        self._http.send("DELETE", where)


def _repository_id(side: Fields) -> int | None:
    """Return the repository of a head or base, None if it was deleted."""
    return side.maybe_inside("repo").maybe_number("id")


def _state(told: Fields) -> PullRequestState:
    if told.truth("merged"):
        return PullRequestState.MERGED
    return told.choice("state", {"open": PullRequestState.OPEN, "closed": PullRequestState.CLOSED})


def _run(told: Fields) -> tuple[Hashable, Check]:
    """Return a check run by App and name; a conclusion that GitHub adds later counts as none."""
    done = told.maybe_text("status") == "completed"
    state = CONCLUSIONS.get(told.maybe_text("conclusion")) if done else None
    check = Check(
        name=told.text("name", most=1000),
        state=state or CheckState.PENDING,
        url=told.maybe_link("html_url") or told.maybe_link("details_url"),
        summary=told.maybe_inside("output").maybe_text("title", most=500),
    )
    return (told.maybe_inside("app").maybe_number("id"), check.name), check


def _status(told: Fields) -> tuple[Hashable, Check]:
    check = status_check(told, STATES.get(told.maybe_text("state"), CheckState.PENDING))
    return ("status", check.name), check


def _reaches(granted: str, needed: str) -> bool:
    return granted in LEVELS[LEVELS.index(needed) :]
