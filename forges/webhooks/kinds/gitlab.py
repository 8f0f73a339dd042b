"""Webhooks of GitLab: https://docs.gitlab.com/user/project/integrations/webhooks/.

GitLab sends a secret token as it is, or, with a signing token, a signature as Standard Webhooks
describes it (https://www.standardwebhooks.com).
"""

import base64
import binascii
import contextlib
import hashlib
import hmac
from collections.abc import Iterable

from forges.webhooks.kinds.base import (
    Headers,
    Hint,
    Payload,
    any_equal,
    at,
    first_of,
    numbers_of,
    pushed_branch,
    pushed_commits,
    text_at,
    texts_of,
)
from realtime import clock

TOLERANCE_SECONDS = 300
"""How far the time of a signature may be off."""
PREFIX = "whsec_"
"""Marks a secret of Standard Webhooks, which is the base64 of its bytes."""


def is_signed(headers: Headers, body: bytes, secrets: Iterable[str]) -> bool:
    if "webhook-signature" in headers:
        return _is_standard(headers, body, secrets)
    return any_equal(headers.get("x-gitlab-token", ""), filter(None, secrets))


def _is_standard(headers: Headers, body: bytes, secrets: Iterable[str]) -> bool:
    sent_at = headers.get("webhook-timestamp", "")
    content = f"{headers.get('webhook-id', '')}.{sent_at}.".encode() + body
    expected = [
        base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
        for secret in secrets
        for key in _keys(secret)
    ]
    given = [one.removeprefix("v1,") for one in headers["webhook-signature"].split()[:10]]
    found = [any_equal(one, expected) for one in given]
    return any(found) and _is_recent(sent_at)


def _keys(secret: str) -> list[bytes]:
    """Return what a secret may stand for: its bytes, or the bytes whose base64 it is."""
    keys = [secret.encode()]
    if secret.startswith(PREFIX):
        with contextlib.suppress(binascii.Error):
            keys.append(base64.b64decode(secret.removeprefix(PREFIX), validate=True))
    return keys


def _is_recent(sent_at: str) -> bool:
    is_number = sent_at.isascii() and sent_at.isdigit() and len(sent_at) < 20
    return is_number and abs(clock.seconds() - int(sent_at)) <= TOLERANCE_SECONDS


def delivery_id(headers: Headers) -> str:
    """Return the id that stays when GitLab sends a webhook again."""
    return first_of(headers, "idempotency-key", "webhook-id", "x-gitlab-event-uuid")


def event(headers: Headers, payload: Payload) -> str:
    """Return the kind that the payload names, as the header of system hooks names none."""
    return (
        text_at(payload, "object_kind")
        or text_at(payload, "event_name")
        or headers.get("x-gitlab-event", "")
    )


def hint(event: str, payload: Payload) -> Hint:
    is_run = event in {"pipeline", "build"}
    return Hint(
        remote_id=text_at(payload, "project", "id") or text_at(payload, "project_id"),
        path=text_at(payload, "project", "path_with_namespace"),
        numbers=numbers_of(
            at(payload, "object_attributes", "iid") if event == "merge_request" else None,
            at(payload, "merge_request", "iid"),
        ),
        commits=texts_of(
            text_at(payload, "object_attributes", "sha") if is_run else "",
            text_at(payload, "sha") if is_run else "",
            *pushed_commits(event, payload),
        ),
        branches=texts_of(pushed_branch(event, payload)),
    )
