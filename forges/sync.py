"""Read a pull request from its forge, and store what differs.

A webhook only says that something happened. What is stored is what the forge answers now, so lost,
doubled, late and reordered webhooks do no harm.
"""

from dataclasses import fields
from datetime import datetime
from typing import Any, NamedTuple

import structlog
from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from forges.clients import client_for
from forges.clients.base import Check, Client, PullRequestData
from forges.errors import Refused, Unavailable
from forges.models import PullRequest, Repository
from forges.problems import noting
from forges.signals import pull_request_read
from forges.texts import fitting
from realtime import clock
from realtime.transactions import publishing

logger = structlog.get_logger(__name__)

MOST_READS = 3
CHANGED_BY_ITSELF = frozenset({"forge_updated_at", "read_at"})
"""Fields whose change alone is no news."""


class Read(NamedTuple):
    """What the forge says of one pull request, asked at `began` and answered at `read_at`."""

    data: PullRequestData
    message: str | None
    diff: str | None
    diff_problem: str
    checks: list[Check]
    began: datetime
    read_at: datetime


def read_pull_request(repository: Repository, number: int) -> PullRequest:
    """Read a pull request now, in this thread, and return it as it is stored then.

    Raise a ForgeError.
    """
    with noting(repository.forge), client_for(repository.forge) as client:
        return read_and_store(client, repository, number)


def read_and_store(client: Client, repository: Repository, number: int) -> PullRequest:
    """Read a pull request with a client, and return it as it is stored then. Raise a ForgeError."""
    row = None
    while row is None:
        stored = _stored(repository, number).first()
        read = _read(client, repository, number, stored)
        with publishing():
            row, changed = _store(repository, read)
            differs = not CHANGED_BY_ITSELF.issuperset(changed)
            if row and differs:
                pull_request_read.send(sender=PullRequest, pull_request=row, changed=changed)
    logger.info(
        "pull_request_read",
        forge=repository.forge.name,
        repository=repository.path,
        number=number,
        differs=differs,
    )
    return row


def _read(client: Client, repository: Repository, number: int, stored: PullRequest | None) -> Read:
    """Ask the forge, and again if a push came in between: a diff belongs to one head commit.

    Raise Unavailable if there was one each time.
    """
    for _ in range(MOST_READS):
        read = _read_once(client, repository, number, stored)
        if read.diff is None or _commits(read.data) == _commits(
            client.pull_request(repository.path, number)
        ):
            return read
    raise Unavailable(f"#{number} was pushed to while it was read, {MOST_READS} times")


def _read_once(
    client: Client, repository: Repository, number: int, stored: PullRequest | None
) -> Read:
    """Ask the forge; message and diff only if the commits are others than those stored."""
    began = clock.now()
    data = client.pull_request(repository.path, number)
    read_at = clock.now()
    message = diff = None
    diff_problem = ""
    if stored is None or _commits(stored) != _commits(data):
        message = client.message(repository.path, number)
        try:
            diff = client.diff(repository.path, number)
        except Refused as error:
            diff, diff_problem = "", error.words
    checks = client.checks(repository.path, data.head_sha) if data.head_sha else []
    return Read(data, message, diff, diff_problem, checks, began, read_at)


def _commits(one: PullRequest | PullRequestData) -> tuple[str, str]:
    return one.head_sha, one.base_sha


def _store(repository: Repository, read: Read) -> tuple[PullRequest | None, frozenset[str]]:
    """Store what was read; return the row, and the names of its fields that differ from before.

    Something older than what is stored meanwhile is dropped. The row is None if the diff must be
    read after all, as other commits were stored meanwhile.
    """
    row = _stored(repository, read.data.number).select_for_update(of=("self",)).first()
    values = _values(read)
    if row is None:
        return _insert(repository, read, values)
    row.repository = repository
    if _is_older(read, row):
        return row, frozenset()
    if read.diff is None and _commits(row) != _commits(read.data):
        return None, frozenset()
    _keep_mergeable(values, row)
    changed = [name for name, value in values.items() if getattr(row, name) != value]
    for name in changed:
        setattr(row, name, values[name])
    row.save(update_fields=changed)
    return row, frozenset(changed)


def _insert(
    repository: Repository, read: Read, values: dict[str, Any]
) -> tuple[PullRequest | None, frozenset[str]]:
    if read.diff is None:
        return None, frozenset()
    try:
        with transaction.atomic():
            row = PullRequest(repository=repository, number=read.data.number, **values)
            row.save(force_insert=True)
    except IntegrityError:  # another thread was faster
        return _store(repository, read)
    return row, frozenset(values)


def _is_older(read: Read, row: PullRequest) -> bool:
    """Return whether the stored row is newer than what was read.

    Only the forge knows which of two answers is newer, if they were asked for at the same time.
    """
    return row.read_at > read.began and row.forge_updated_at > read.data.forge_updated_at


def _keep_mergeable(values: dict[str, Any], row: PullRequest) -> None:
    """Keep `mergeable` of the same commits until the forge knows it again."""
    if values["mergeable"] is None and _commits(row) == (values["head_sha"], values["base_sha"]):
        del values["mergeable"]


def _values(read: Read) -> dict[str, Any]:
    values = {one.name: getattr(read.data, one.name) for one in fields(read.data)}
    del values["number"]
    values |= {
        "labels": list(read.data.labels),
        "checks": [check._asdict() | {"state": str(check.state)} for check in read.checks],
        "read_at": read.read_at,
    }
    if read.diff is not None:
        values |= {"message": read.message, "diff": read.diff, "diff_problem": read.diff_problem}
    return {
        name: fitting(PullRequest, name, value) if isinstance(value, str) else value
        for name, value in values.items()
    }


def _stored(repository: Repository, number: int) -> QuerySet[PullRequest]:
    return PullRequest.objects.filter(repository=repository, number=number)
