"""Webhooks of Gitea and Forgejo: https://docs.gitea.com/usage/webhooks."""

from collections.abc import Iterable
from typing import Any

from forges.webhooks.kinds.base import (
    Headers,
    Hint,
    Payload,
    any_equal,
    at,
    first_of,
    hex_hmac,
    list_at,
    numbers_of,
    pushed_branch,
    pushed_commits,
    text_at,
    texts_of,
)

SIGNATURES = ("x-forgejo-signature", "x-gitea-signature", "x-hub-signature-256")
EVENTS = ("x-forgejo-event", "x-gitea-event", "x-github-event")
RUNS = ("workflow_run", "workflow_job")


def is_signed(headers: Headers, body: bytes, secrets: Iterable[str]) -> bool:
    given = first_of(headers, *SIGNATURES).removeprefix("sha256=")
    return any_equal(given, [hex_hmac(secret, body) for secret in secrets])


def delivery_id(headers: Headers) -> str:
    return first_of(headers, "x-forgejo-delivery", "x-gitea-delivery")


def event(headers: Headers, payload: Payload) -> str:
    return first_of(headers, *EVENTS)


def hint(event: str, payload: Payload) -> Hint:
    run = at(payload, event) if event in RUNS else None
    return Hint(
        remote_id=text_at(payload, "repository", "id"),
        path=text_at(payload, "repository", "full_name"),
        numbers=numbers_of(*_numbers(event, payload), *_numbers_of_run(run)),
        commits=texts_of(
            text_at(run, "head_sha"),
            _commit_of_status(payload) if event == "status" else "",
            *pushed_commits(event, payload),
        ),
        branches=texts_of(pushed_branch(event, payload)),
    )


def _commit_of_status(payload: Payload) -> str:
    return text_at(payload, "sha") or text_at(payload, "commit", "id")


def _numbers(event: str, payload: Payload) -> Iterable[Any]:
    yield at(payload, "pull_request", "number")
    if event.startswith("pull_request"):
        yield at(payload, "number")
    if at(payload, "is_pull") is True or at(payload, "issue", "pull_request"):
        yield at(payload, "issue", "number")


def _numbers_of_run(run: Any) -> Iterable[Any]:
    for one in list_at(run, "pull_requests"):
        yield at(one, "number")
