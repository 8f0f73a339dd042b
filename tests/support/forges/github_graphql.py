"""The part of GitHub's GraphQL API that merge queues need: executed, with GitHub's ways to fail."""

from collections.abc import Callable
from functools import cache
from typing import Any

from graphql import GraphQLError, GraphQLSchema, build_schema, graphql_sync

from tests.support.forges.http import Reply
from tests.support.forges.models import Account, Pull

SUBSET = """
scalar GitObjectID
interface Node { id: ID! }
interface Actor { login: String! }
type User implements Node & Actor { id: ID! login: String! }
type Bot implements Node & Actor { id: ID! login: String! }
enum MergeQueueEntryState { AWAITING_CHECKS LOCKED MERGEABLE QUEUED UNMERGEABLE }
type Commit { oid: GitObjectID! }
type MergeQueueEntry {
  state: MergeQueueEntryState!
  position: Int!
  enqueuer: Actor!
  headCommit: Commit
}
type PullRequest {
  id: ID!
  headRefOid: GitObjectID!
  isMergeQueueEnabled: Boolean!
  isInMergeQueue: Boolean!
  mergeQueueEntry: MergeQueueEntry
}
type Repository { pullRequest(number: Int!): PullRequest }
type Query {
  viewer: User!
  repository(owner: String!, name: String!, followRenames: Boolean = true): Repository
}
input EnqueuePullRequestInput { pullRequestId: ID! expectedHeadOid: GitObjectID jump: Boolean }
type EnqueuePullRequestPayload { mergeQueueEntry: MergeQueueEntry }
input DequeuePullRequestInput { id: ID! }
type DequeuePullRequestPayload { mergeQueueEntry: MergeQueueEntry }
type Mutation {
  enqueuePullRequest(input: EnqueuePullRequestInput!): EnqueuePullRequestPayload
  dequeuePullRequest(input: DequeuePullRequestInput!): DequeuePullRequestPayload
}
"""
"""Of GitHub's public schema; test_descriptions.py compares the two."""


class Failed(Exception):
    """An error with the type that GitHub gives it."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


@cache
def _schema() -> GraphQLSchema:
    return build_schema(SUBSET)


def execute(asked: dict[str, Any], roots: dict[str, Callable[..., Any]]) -> Reply:
    """Execute a document with a function for each field of a query or mutation."""
    done = graphql_sync(_schema(), asked["query"], roots, variable_values=asked.get("variables"))
    value: dict[str, Any] = {} if done.data is None and done.errors else {"data": done.data}
    if done.errors:
        value["errors"] = [_error(one) for one in done.errors]
    return Reply(200, value)


def _error(error: GraphQLError) -> dict[str, Any]:
    if isinstance(error.original_error, Failed):
        told = {"type": error.original_error.kind, "path": error.path}
        return {**told, "message": error.message}
    return {"message": error.message, "extensions": {"code": "undefinedField"}}


def pull_id(pull: Pull) -> str:
    return f"PR_{pull.repo.id}_{pull.number}"


def account_value(account: Account) -> dict[str, Any]:
    """Return an account; unlike REST, GraphQL names a bot without `[bot]`."""
    kind = "Bot" if account.bot else "User"
    return {"__typename": kind, "id": f"{kind}_{account.id}",
            "login": account.login.removesuffix("[bot]")}  # fmt: skip
