"""Where an APV comes from: the repository, pull request and commit, with their addresses."""

from dataclasses import dataclass

from forges.models import PullRequest
from reviews import selectors
from reviews.models import APV
from reviews.pull_requests.addresses import address_of_repository, commit_address

BRIEF, MOST_LABELS = 10, 10


@dataclass(frozen=True)
class Origin:
    """What the page shows of an APV's pull request on a forge."""

    apv: APV
    pull_request: PullRequest

    @property
    def repository(self) -> str:
        return str(self.pull_request.repository.path)

    @property
    def full_name(self) -> str:
        return selectors.repository_of(self.apv) or ""

    @property
    def repository_address(self) -> str:
        return address_of_repository(self.pull_request)

    @property
    def commit(self) -> str:
        return self.apv.head_commit[:BRIEF]

    @property
    def commit_address(self) -> str:
        return commit_address(self.apv, self.apv.head_commit)

    @property
    def labels(self) -> list[str]:
        return list(self.pull_request.labels[:MOST_LABELS])

    @property
    def more_labels(self) -> int:
        return max(0, len(self.pull_request.labels) - MOST_LABELS)


def origin_of(apv: APV) -> Origin | None:
    """Return where an APV comes from, or None without a pull request on a forge."""
    return None if apv.pull_request is None else Origin(apv, apv.pull_request)
