"""Webhooks of GitHub: https://docs.github.com/webhooks."""

from collections.abc import Iterable
from typing import Any

from forges.webhooks.kinds.base import (
    Headers,
    Hint,
    Payload,
    any_equal,
    at,
    hex_hmac,
    list_at,
    numbers_of,
    pushed_branch,
    pushed_commits,
    text_at,
    texts_of,
)

RUNS = ("check_run", "check_suite", "workflow_run", "workflow_job")
"""Events about the checks of a commit, and where their payloads describe it."""


def is_signed(headers: Headers, body: bytes, secrets: Iterable[str]) -> bool:
    given = headers.get("x-hub-signature-256", "").removeprefix("sha256=")
    return any_equal(given, [hex_hmac(secret, body) for secret in secrets])


def delivery_id(headers: Headers) -> str:
    return headers.get("x-github-delivery", "")


def event(headers: Headers, payload: Payload) -> str:
    return headers.get("x-github-event", "")


def hint(event: str, payload: Payload) -> Hint:
    run = at(payload, event) if event in RUNS else None
    return Hint(
        remote_id=text_at(payload, "repository", "id"),
        path=text_at(payload, "repository", "full_name"),
        numbers=numbers_of(*_numbers(payload), *_numbers_of_run(run, payload)),
        commits=texts_of(
            text_at(run, "head_sha"),
            text_at(payload, "sha") if event == "status" else "",
            *pushed_commits(event, payload),
        ),
        branches=texts_of(pushed_branch(event, payload)),
    )


def _numbers(payload: Payload) -> Iterable[Any]:
    yield at(payload, "pull_request", "number")
    if at(payload, "issue", "pull_request"):  # a comment on a pull request counts as an issue's
        yield at(payload, "issue", "number")


def _numbers_of_run(run: Any, payload: Payload) -> Iterable[Any]:
    """Return the pull requests of a run, without those of forks in their own repositories."""
    here = at(payload, "repository", "id")
    for one in list_at(run, "pull_requests"):
        if at(one, "base", "repo", "id") in {here, None}:
            yield at(one, "number")
