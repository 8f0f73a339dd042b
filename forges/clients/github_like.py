"""What Gitea and Forgejo took over from GitHub's API as it is: paths, names and a few requests.

What only looks alike is in the client of each: merges, checks, assignees, first commits.
"""

from abc import ABC
from collections.abc import Mapping
from typing import ClassVar
from urllib.parse import quote

from forges.choices import CheckState, MergeMethod
from forges.clients.addresses import segments
from forges.clients.base import (
    LONGEST_DESCRIPTION,
    STATUS_NAME,
    Check,
    Client,
    Listed,
    RepositoryData,
)
from forges.clients.fields import Fields
from forges.clients.http import Params

WORDS = {
    CheckState.PENDING: "pending",
    CheckState.SUCCESS: "success",
    CheckState.FAILURE: "failure",
    CheckState.SKIPPED: "success",
}
"""The states that a status is set to."""


class GitHubLike(Client, ABC):
    """The requests that GitHub, Gitea and Forgejo answer alike.

    `in_a_page` asks for long pages, `allows` names the field of a repository for each method.
    """

    in_a_page: ClassVar[Params]
    allows: ClassVar[Mapping[MergeMethod, str]]

    def repository(self, path: str) -> RepositoryData:
        told = self._http.get(repository_path(path)).fields("repository")
        return RepositoryData(
            remote_id=str(told.number("id")),
            path=told.text("full_name", most=500),
            url=told.link("html_url"),
            archived=told.truth("archived"),
            merge_methods=tuple(
                method
                for method, name in self.allows.items()
                if told.maybe_truth(name) is not False  # not told to those who may only read
            ),
        )

    def has_comment(self, path: str, number: int, marker: str) -> bool:
        return self._contains(f"{issue_path(path, number)}/comments", marker)

    def has_change_request(self, path: str, number: int, marker: str) -> bool:
        return self._contains(f"{pull_path(path, number)}/reviews", marker)

    def _contains(self, where: str, marker: str) -> bool:
        return any(
            marker in one.maybe_text("body")
            for answer in self._http.pages(where, self.in_a_page)
            for one in answer.objects("texts")
        )

    def _listed(self, told: Fields) -> Listed:
        return Listed(
            told.number("number"), told.inside("head").sha("sha"), told.time("updated_at")
        )

    def close(self, path: str, number: int) -> None:
        self._http.send("PATCH", pull_path(path, number), {"state": "closed"})

    def comment(self, path: str, number: int, text: str) -> None:
        self._http.send("POST", f"{issue_path(path, number)}/comments", {"body": text})

    def request_changes(self, path: str, number: int, *, head_sha: str, text: str) -> None:
        values = {"event": "REQUEST_CHANGES", "commit_id": head_sha, "body": text}
        self._http.send("POST", f"{pull_path(path, number)}/reviews", values)

    def set_status(
        self, path: str, sha: str, *, state: CheckState, description: str, url: str
    ) -> None:
        values = {
            "state": WORDS[state],
            "context": STATUS_NAME,
            "description": description[:LONGEST_DESCRIPTION],
            **({"target_url": url} if url else {}),
        }
        self._http.send("POST", f"{repository_path(path)}/statuses/{quote(sha, safe='')}", values)


def repository_path(path: str) -> str:
    return f"/repos/{segments(path, exactly=2)}"


def pull_path(path: str, number: int) -> str:
    return f"{repository_path(path)}/pulls/{number}"


def issue_path(path: str, number: int) -> str:
    """Return where a pull request is an issue, too: with comments and assignees."""
    return f"{repository_path(path)}/issues/{number}"


def status_check(told: Fields, state: CheckState) -> Check:
    """Return a commit status as a check; the field of its state has another name on each."""
    return Check(
        name=told.text("context", most=1000),
        state=state,
        url=told.maybe_link("target_url"),
        summary=told.maybe_text("description", most=500),
    )
