"""The merge queues of GitHub, which merge pull requests in order after checks of the result.

Where a branch requires its queue, GitHub refuses to merge and wants an entry in the queue instead.
It drops the entry of a pull request whose head moves, so that an entry is always for the head.
"""

from typing import NamedTuple

from forges.clients import graphql
from forges.clients.addresses import names_in
from forges.clients.base import MergeQueue, QueueEntry
from forges.clients.fields import Fields
from forges.clients.http import Http
from forges.errors import HeadMoved, NotMergeable, Refused

LOOK = """
query MergeQueue($owner: String!, $name: String!, $number: Int!) {
  viewer { id }
  repository(owner: $owner, name: $name) {
    pullRequest(number: $number) {
      id
      headRefOid
      isMergeQueueEnabled
      mergeQueueEntry { state position headCommit { oid } enqueuer { ... on Node { id } } }
    }
  }
}
"""
ENQUEUE = """
mutation Enqueue($pull: ID!, $head: GitObjectID!) {
  enqueuePullRequest(input: {pullRequestId: $pull, expectedHeadOid: $head}) {
    mergeQueueEntry { state }
  }
}
"""
DEQUEUE = """
mutation Dequeue($pull: ID!) {
  dequeuePullRequest(input: {id: $pull}) { mergeQueueEntry { state } }
}
"""
KINDS: graphql.Kinds = {"UNPROCESSABLE": NotMergeable, "STALE_DATA": HeadMoved}
"""A missing check, a rule, another head, or that it is in the queue already."""


class Queued(NamedTuple):
    """A pull request as its queue has it. `id` is GitHub's in GraphQL."""

    id: str
    head_sha: str
    queue: MergeQueue


def look(http: Http, path: str, number: int) -> Queued:
    """Return whether a pull request needs a queue, and its entry there."""
    owner, name = names_in(path, exactly=2)
    variables = {"owner": owner, "name": name, "number": number}
    data = graphql.execute(http, LOOK, variables)
    told = data.inside("repository").inside("pullRequest")
    entry = _entry(told.maybe_inside("mergeQueueEntry"), data.inside("viewer").text("id"))
    queue = MergeQueue(told.truth("isMergeQueueEnabled"), entry)
    return Queued(told.text("id"), told.sha("headRefOid"), queue)


def enqueue(http: Http, path: str, number: int, head_sha: str) -> None:
    """Put exactly `head_sha` into the queue, unless it is there. Raise HeadMoved, NotMergeable."""
    found = look(http, path, number)
    if found.head_sha != head_sha:
        raise HeadMoved(f"its head is {found.head_sha[:8]}")
    if found.queue.entry is None:
        graphql.execute(http, ENQUEUE, {"pull": found.id, "head": head_sha}, KINDS)


def dequeue(http: Http, path: str, number: int) -> None:
    """Take our own entry out of the queue, if there is one."""
    found = look(http, path, number)
    if found.queue.entry is None or not found.queue.entry.own:
        return
    try:
        graphql.execute(http, DEQUEUE, {"pull": found.id}, KINDS)
    except (NotMergeable, Refused):
        left = look(http, path, number).queue.entry
        if left is not None and left.own:
            raise


def _entry(told: Fields, viewer: str) -> QueueEntry | None:
    if not (state := told.maybe_text("state", most=100)):
        return None
    own = told.maybe_inside("enqueuer").maybe_text("id") == viewer
    commit = told.maybe_inside("headCommit").maybe_sha("oid")
    return QueueEntry(state, own, told.maybe_number("position"), commit)
