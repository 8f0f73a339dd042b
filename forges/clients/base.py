"""What the console asks of a forge, whatever its kind."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, NamedTuple

from forges.choices import CheckState, PullRequestState

MergeMethod = Literal["merge", "squash", "rebase"]


@dataclass(frozen=True, kw_only=True)
class PullRequestData:
    """A pull request as a forge describes it; see forges.models.PullRequest."""

    number: int
    url: str
    title: str
    body: str
    author: str
    author_is_bot: bool
    labels: tuple[str, ...]
    head_ref: str
    head_sha: str
    base_ref: str
    base_sha: str
    state: PullRequestState
    draft: bool
    mergeable: bool | None
    merged_sha: str = ""
    ended_by: str = ""
    ended_at: datetime | None = None
    forge_updated_at: datetime


class Check(NamedTuple):
    """A check, a commit status or a job of a pipeline, on one commit."""

    name: str
    state: CheckState
    url: str
    summary: str


class RepositoryData(NamedTuple):
    """A repository as a forge describes it. `remote_id` stays when it is renamed."""

    remote_id: str
    path: str
    url: str
    archived: bool


class Grants(NamedTuple):
    """Who the credentials are, and what they may do.

    `missing` names each permission that the console needs and they lack, in the forge's words.
    """

    account: str
    granted: tuple[str, ...]
    missing: tuple[str, ...]


class Listed(NamedTuple):
    """One pull request in a list: enough to see whether it is to be read again."""

    number: int
    head_sha: str
    forge_updated_at: datetime


@dataclass(frozen=True)
class Page:
    """One page of open pull requests.

    `unchanged` means that the forge answered that nothing changed since `etag` was given.
    """

    items: tuple[Listed, ...]
    etag: str = ""
    unchanged: bool = False
    problems: tuple[str, ...] = field(default=())


class Client(ABC):
    """The requests to one forge. Not for several threads at once; close it after use.

    Every method raises forges.errors.ForgeError or one of its kinds, and nothing else.
    """

    # -- Reading ---------------------------------------------------------------------------------

    @abstractmethod
    def grants(self) -> Grants:
        """Return who the credentials are and what they may do."""

    @abstractmethod
    def repository(self, path: str) -> RepositoryData:
        """Return the repository at `path`; a renamed one has another path in the answer."""

    @abstractmethod
    def pull_request(self, path: str, number: int) -> PullRequestData: ...

    @abstractmethod
    def message(self, path: str, number: int) -> str:
        """Return the message of the first commit of a pull request, "" if it has none."""

    @abstractmethod
    def diff(self, path: str, number: int) -> str:
        """Return its unified diff. Raise Refused if it is longer than is read."""

    @abstractmethod
    def checks(self, path: str, sha: str) -> list[Check]:
        """Return the checks of a commit, the latest of each name."""

    @abstractmethod
    def open_pull_requests(self, path: str, etag: str = "") -> Iterator[Page]:
        """Yield pages of open pull requests, the ones that changed last first.

        `etag` is the one that the first page had before; the first page is then `unchanged` if
        nothing changed, and the only one.
        """

    # -- Writing ---------------------------------------------------------------------------------

    @abstractmethod
    def merge(self, path: str, number: int, *, head_sha: str, method: MergeMethod) -> str:
        """Merge exactly `head_sha`, and return the merge commit.

        Raise HeadMoved, NotMergeable or Refused. After Unavailable it may have happened.
        """

    @abstractmethod
    def close(self, path: str, number: int) -> None:
        """Close a pull request without merging it."""

    @abstractmethod
    def comment(self, path: str, number: int, text: str) -> None: ...

    @abstractmethod
    def request_changes(self, path: str, number: int, *, head_sha: str, text: str) -> None:
        """Ask for changes: a review, or where there is none, a thread that must be resolved."""

    @abstractmethod
    def assign(self, path: str, number: int, account: str) -> None: ...

    @abstractmethod
    def delete_branch(self, path: str, branch: str) -> None: ...

    @abstractmethod
    def set_status(
        self, path: str, sha: str, *, state: CheckState, description: str, url: str
    ) -> None:
        """Set the status `hitl-console` of a commit; `url` leads to the APV."""

    @abstractmethod
    def close_connections(self) -> None: ...

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self.close_connections()
