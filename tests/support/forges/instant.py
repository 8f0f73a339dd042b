"""A forge without HTTP, for as many pull requests as no fake opens in time."""

from collections.abc import Iterator
from datetime import timedelta

from django.utils import timezone

from forges.choices import CheckState, PullRequestState
from forges.clients.base import Check, Listed, Page, PullRequestData, RepositoryData

IN_A_PAGE = 100


class InstantForge:
    """A client whose forge has `count` open pull requests, and answers at once.

    It counts requests as GitHub's client makes them.
    """

    def __init__(self, count: int) -> None:
        self.count = count
        self.requests = 0
        self.changed_at = timezone.now() - timedelta(days=2)

    def __enter__(self) -> "InstantForge":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def repository(self, path: str) -> RepositoryData:
        self.requests += 1
        return RepositoryData("7", path, "https://git.example.com", archived=False)

    def open_pull_requests(self, path: str, etag: str = "") -> Iterator[Page]:
        for first in range(1, self.count + 1, IN_A_PAGE):
            self.requests += 1
            numbers = range(first, min(first + IN_A_PAGE, self.count + 1))
            yield Page(tuple(Listed(one, f"{one:040}", self.changed_at) for one in numbers))

    def all_pull_requests(self, path: str) -> Iterator[Page]:
        return self.open_pull_requests(path)

    def pull_request(self, path: str, number: int) -> PullRequestData:
        self.requests += 1
        return PullRequestData(
            number=number,
            url=f"https://git.example.com/{number}",
            title="Bump it",
            body="",
            author="somebody",
            author_is_bot=False,
            labels=(),
            head_ref="bump",
            head_sha=f"{number:040}",
            base_ref="main",
            base_sha="b" * 40,
            state=PullRequestState.OPEN,
            draft=False,
            mergeable=True,
            forge_updated_at=self.changed_at,
        )

    def message(self, path: str, number: int) -> str:
        self.requests += 1
        return "Bump it"

    def diff(self, path: str, number: int) -> str:
        self.requests += 1
        return "--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n"

    def checks(self, path: str, sha: str) -> list[Check]:
        self.requests += 2
        return [Check("ci", CheckState.SUCCESS, "", "")]
