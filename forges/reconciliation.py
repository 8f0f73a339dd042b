"""Compare the pull requests of a repository with its forge, and read those that differ."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from forges import renames
from forges.choices import CheckState, PullRequestState
from forges.clients import client_for
from forges.clients.base import Client, Listed
from forges.errors import ForgeError
from forges.models import PullRequest, Repository
from forges.problems import ENDS_ALL, noting
from forges.sync import read_and_store
from realtime import clock

logger = structlog.get_logger(__name__)

LEAST_RECHECKED, SHARE_RECHECKED = 20, 20
"""No list shows checks. So each reconciliation reads this many open pull requests again, or one in
SHARE_RECHECKED if that is more: first those whose checks have not ended."""

OVERLAP = timedelta(days=1)
"""How much further back than the last comparison is looked: clocks differ, and one may have failed
to be read then."""

Progress = Callable[[list[int]], Iterable[int]]


@dataclass
class Outcome:
    """What a reconciliation did: how many were open, which were read, what failed."""

    listed: int = 0
    read: list[int] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def reconcile(repository: Repository, progress: Progress = iter) -> Outcome:
    """Read the pull requests of a repository that differ from what is stored.

    `progress` is given the numbers to read, and yields them. A pull request that cannot be read
    does not stop the others. Raise what ends all requests, after it is stored as the repository's
    problem.
    """
    outcome, began = Outcome(), clock.now()
    try:
        with noting(repository.forge), client_for(repository.forge) as client:
            _reconcile(client, repository, progress, outcome)
    except ForgeError as error:
        outcome.problems.append(error.words)
        _store_outcome(repository, outcome, repository.synced_at)
        raise
    _store_outcome(repository, outcome, began)
    logger.info(
        "repository_reconciled",
        forge=repository.forge.name,
        repository=repository.path,
        listed=outcome.listed,
        read=len(outcome.read),
        problems=len(outcome.problems),
    )
    return outcome


def _reconcile(
    client: Client, repository: Repository, progress: Progress, outcome: Outcome
) -> None:
    found = client.repository(repository.path)
    renames.follow(repository, path=found.path, remote_id=found.remote_id)
    listed = _list(client, repository, outcome)
    outcome.listed = len(listed)
    changed = _changed_since(client, repository)
    ended = {number: one for number, one in changed.items() if number not in listed}
    for number in progress([*_to_read(repository, listed), *_ended_to_read(repository, ended)]):
        try:
            read_and_store(client, repository, number)
            outcome.read.append(number)
        except ENDS_ALL:
            raise
        except ForgeError as error:
            outcome.problems.append(f"#{number}: {error.words}")


def _list(client: Client, repository: Repository, outcome: Outcome) -> dict[int, Listed]:
    listed: dict[int, Listed] = {}
    for page in client.open_pull_requests(repository.path):
        listed |= {one.number: one for one in page.items}
        outcome.problems += page.problems
    return listed


def _changed_since(client: Client, repository: Repository) -> dict[int, Listed]:
    """Return those that changed after the last comparison, whatever their state.

    Webhooks may have been lost that said of an ended one that it was merged after all.
    """
    if repository.synced_at is None:
        return {}
    since = repository.synced_at - OVERLAP
    found: dict[int, Listed] = {}
    for page in client.all_pull_requests(repository.path):
        found |= {one.number: one for one in page.items if one.forge_updated_at >= since}
        if not page.items or page.items[-1].forge_updated_at < since:
            break
    return found


def _ended_to_read(repository: Repository, listed: dict[int, Listed]) -> list[int]:
    """Return the numbers of those that are stored as ended and differ from what is listed."""
    stored = PullRequest.objects.filter(repository=repository, number__in=listed)
    ended = stored.exclude(state=PullRequestState.OPEN).only(*COMPARED)
    return [one.number for one in ended if _is_other(one, listed[one.number])]


def _to_read(repository: Repository, listed: dict[int, Listed]) -> list[int]:
    """Return the numbers that differ, that are open no longer, and some to look at again."""
    ours = PullRequest.objects.filter(repository=repository)
    stored = {one.number: one for one in ours.filter(number__in=listed).only(*COMPARED)}
    different = [number for number, one in listed.items() if _differs(stored.get(number), one)]
    gone = ours.filter(state=PullRequestState.OPEN).exclude(number__in=listed)
    changed = {*different}
    same = [stored[number] for number in listed if number not in changed]
    return [*different, *gone.values_list("number", flat=True), *_to_recheck(same)]


COMPARED = ("number", "head_sha", "forge_updated_at", "state", "checks", "mergeable", "read_at")


def _differs(stored: PullRequest | None, listed: Listed) -> bool:
    return stored is None or stored.state != PullRequestState.OPEN or _is_other(stored, listed)


def _is_other(stored: PullRequest, listed: Listed) -> bool:
    return (stored.head_sha, stored.forge_updated_at) != (listed.head_sha, listed.forge_updated_at)


def _to_recheck(same: list[PullRequest]) -> list[int]:
    most = max(LEAST_RECHECKED, len(same) // SHARE_RECHECKED)
    by_need = sorted(same, key=lambda one: (_is_settled(one), one.read_at))
    return [one.number for one in by_need[:most]]


def _is_settled(one: PullRequest) -> bool:
    states = {check.get("state") for check in one.checks}
    return one.mergeable is not None and bool(states) and CheckState.PENDING not in states


def _store_outcome(repository: Repository, outcome: Outcome, synced_at: datetime | None) -> None:
    repository.problem = "\n".join(outcome.problems)
    repository.synced_at = synced_at
    repository.save(update_fields=["problem", "synced_at"])
