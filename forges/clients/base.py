"""What the console asks of a forge, whatever its kind."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple, Self

from forges.choices import CheckState, MergeMethod, PullRequestState
from forges.clients.addresses import next_page
from forges.clients.answers import Answer
from forges.clients.fields import Fields
from forges.clients.http import MOST_PAGES, Http, Params, Sent
from forges.errors import (
    ForgeError,
    HeadMoved,
    NotAllowed,
    NotMergeable,
    Refused,
    Unavailable,
)

STATUS_NAME = "hitl-console"
"""The name of the status that the console sets on head commits."""
LONGEST_DESCRIPTION = 140
"""Characters of a status's description: GitHub takes no more."""


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
    from_fork: bool = False
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
    """A repository as a forge describes it. `remote_id` stays when it is renamed.

    `merge_methods` are those that it allows, as far as the credentials may know.
    """

    remote_id: str
    path: str
    url: str
    archived: bool
    merge_methods: tuple[MergeMethod, ...] = (*MergeMethod,)


class QueueEntry(NamedTuple):
    """A pull request's place in a merge queue, in the forge's words.

    `own` says whether our credentials put it there; `position` counts from the next to be merged.
    `commit` is the one that the queue made to check, "" while there is none.
    """

    state: str
    own: bool
    position: int | None
    commit: str = ""


class MergeQueue(NamedTuple):
    """Whether a pull request is merged by a queue only, and its entry there if it has one."""

    required: bool
    entry: QueueEntry | None


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
    `problems` say what could not be read, or that the list goes on.
    """

    items: tuple[Listed, ...]
    etag: str = ""
    unchanged: bool = False
    problems: tuple[str, ...] = field(default=())


class Client(ABC):
    """The requests to one forge. Not for several threads at once; close it after use.

    Every method raises forges.errors.ForgeError or one of its kinds, and nothing else.
    """

    _http: Http
    on_close: Callable[[Sent], object] | None = None
    """Called at the end with the requests that were sent."""

    def close_connections(self) -> None:
        sent = Sent()
        for http in self._connections():
            http.close()
            sent.update(http.sent)
            http.sent.clear()
        if self.on_close:
            self.on_close(sent)

    def _connections(self) -> tuple[Http, ...]:
        return (self._http,)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close_connections()

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
        """Return the checks of a commit, the latest of each name, without STATUS_NAME."""

    @abstractmethod
    def has_comment(self, path: str, number: int, marker: str) -> bool:
        """Return whether a comment on a pull request contains `marker`."""

    @abstractmethod
    def has_change_request(self, path: str, number: int, marker: str) -> bool:
        """Return whether a review of a pull request, or a thread, contains `marker`."""

    def merge_queue(self, path: str, number: int) -> MergeQueue:
        """Return whether a pull request needs a merge queue, and its entry; few forges have one."""
        return MergeQueue(required=False, entry=None)

    def open_pull_requests(self, path: str, etag: str = "") -> Iterator[Page]:
        """Yield pages of open pull requests, the ones that changed last first.

        `etag` is the one that the first page had before; the first page is then `unchanged` if
        nothing changed, and the only one.
        """
        return self._pages(*self._list(path, only_open=True), etag)

    def all_pull_requests(self, path: str) -> Iterator[Page]:
        """Yield pages of open and ended pull requests, the ones that changed last first."""
        return self._pages(*self._list(path, only_open=False), "")

    @abstractmethod
    def _list(self, path: str, *, only_open: bool) -> tuple[str, Params]:
        """Return where the list of a repository's pull requests is, and what to ask it for."""

    def _pages(self, path: str, params: Params, etag: str) -> Iterator[Page]:
        for count, answer in enumerate(self._http.pages(path, params, etag=etag), 1):
            if answer.unchanged:
                yield Page((), etag, unchanged=True)
                return
            cut = count == MOST_PAGES and bool(next_page(answer.headers, self._http.address))
            yield self._page(answer, cut=cut)

    def _page(self, answer: Answer, *, cut: bool) -> Page:
        items, problems = [], [f"the list goes on after {MOST_PAGES} pages"] if cut else []
        for one in answer.objects("pull_requests"):
            try:
                items.append(self._listed(one))
            except Unavailable as error:
                problems.append(error.words)
        return Page(tuple(items), answer.etag, problems=tuple(problems))

    @abstractmethod
    def _listed(self, told: Fields) -> Listed:
        """Return what one object of the list says. Raise Unavailable."""

    # -- Writing ---------------------------------------------------------------------------------

    def merge(self, path: str, number: int, *, head_sha: str, method: MergeMethod) -> str:
        """Merge exactly `head_sha`, and return the merge commit.

        Raise HeadMoved, NotMergeable or Refused. After Unavailable it may have happened.
        """
        try:
            return self._merge(path, number, head_sha, method)
        except (HeadMoved, NotAllowed, NotMergeable, Refused) as error:
            reason = self._reason(error, path, number, head_sha)
            if isinstance(reason, NotAllowed | NotMergeable):
                reason = self._forbidden(path, method) or reason
            raise reason from error

    def _reason(self, error: ForgeError, path: str, number: int, head_sha: str) -> ForgeError:
        """Return why a forge does not merge `head_sha`.

        One status stands for several reasons, another one on each forge: look which it is.
        """
        found = self.pull_request(path, number)
        if found.head_sha != head_sha:
            return HeadMoved(f"the head moved from {head_sha[:8]} to {found.head_sha[:8]}")
        if found.state != PullRequestState.OPEN:
            return Refused(f"it is {found.state} already")
        return NotMergeable(error.words) if isinstance(error, HeadMoved) else error

    def _forbidden(self, path: str, method: MergeMethod) -> Refused | None:
        """Return why a repository never merges by a method, None if it does."""
        found = self.repository(path)
        if found.archived:
            return Refused("the repository is archived")
        if method not in found.merge_methods:
            allowed = ", ".join(found.merge_methods) or "none"
            return Refused(f"the repository does not allow the method {method}, only {allowed}")
        return None

    @abstractmethod
    def _merge(self, path: str, number: int, head_sha: str, method: MergeMethod) -> str:
        """Ask the forge to merge, and return the merge commit."""

    def _merged(self, path: str, number: int) -> str:
        """Return the merge commit, after a forge said yes without naming it."""
        found = self.pull_request(path, number)
        if found.state != PullRequestState.MERGED or not found.merged_sha:
            raise Unavailable("it accepted the merge, and has not merged yet")
        return found.merged_sha

    def enqueue(self, path: str, number: int, *, head_sha: str) -> None:
        """Put exactly `head_sha` into the merge queue, unless it is there.

        Raise HeadMoved, NotMergeable or Refused. After Unavailable it may have happened.
        """
        try:
            self._enqueue(path, number, head_sha)
        except (HeadMoved, NotMergeable, Refused) as error:
            reason = self._reason(error, path, number, head_sha)
            if isinstance(reason, NotMergeable) and self.merge_queue(path, number).entry:
                return  # somebody was faster
            raise reason from error

    def _enqueue(self, path: str, number: int, head_sha: str) -> None:
        raise Refused("it has no merge queue")

    def dequeue(self, path: str, number: int) -> None:  # noqa: B027 — few forges have a queue
        """Take a pull request out of the merge queue if our credentials put it there."""

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
        """Set the status `hitl-console` of a commit; `url` leads to the APV, "" nowhere."""


def latest(checks: Iterable[tuple[Hashable, Check]]) -> list[Check]:
    """Return the first check under each key, for checks with the newest first.

    The status that the console sets itself says nothing about a commit.
    """
    found: dict[Hashable, Check] = {}
    for key, check in checks:
        if check.name != STATUS_NAME:
            found.setdefault(key, check)
    return list(found.values())


def names(told: Iterable[Fields]) -> tuple[str, ...]:
    """Return the names of labels."""
    return tuple(name for one in told if (name := one.maybe_text("name", most=255)))
