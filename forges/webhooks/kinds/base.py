"""What the kinds of forges have in common: HMACs, and lenient reading of payloads."""

import hashlib
import hmac
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.db.models import BigIntegerField

from forges.texts import storable

Headers = Mapping[str, str]
Payload = dict[str, Any]

MOST_NUMBERS = 100
"""How many pull requests one webhook may be about; the rest is left to the reconciliation."""


@dataclass(frozen=True, kw_only=True)
class Hint:
    """What a webhook is about, as far as it says so.

    `remote_id` and `path` name the repository. Pull requests are those with one of `numbers`, and
    known open ones whose head is one of `commits` or whose branch is one of `branches`.
    """

    remote_id: str = ""
    path: str = ""
    numbers: tuple[int, ...] = ()
    commits: tuple[str, ...] = ()
    branches: tuple[str, ...] = ()

    @property
    def is_about_a_repository(self) -> bool:
        return bool(self.remote_id or self.path)

    @property
    def is_about_pull_requests(self) -> bool:
        return bool(self.numbers or self.commits or self.branches)


class Kind(NamedTuple):
    """What one kind of forge does with webhooks."""

    is_signed: Callable[[Headers, bytes, Iterable[str]], bool]
    """Return whether a body was signed with one of some secrets, or came with one."""
    delivery_id: Callable[[Headers], str]
    """Return what a repetition of the same webhook has too, or ""."""
    event: Callable[[Headers, Payload], str]
    hint: Callable[[str, Payload], Hint]
    """Return what an event's payload is about; never raise."""


def hex_hmac(secret: str, body: bytes) -> str:
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def any_equal(given: str, expected: Iterable[str]) -> bool:
    """Return whether `given` is among `expected`, in a time that does not depend on which."""
    found = False
    for one in expected:
        found |= hmac.compare_digest(given.encode(), one.encode())
    return found


def first_of(headers: Headers, *names: str) -> str:
    """Return the first of some headers that is there and not empty, or ""."""
    return next((headers[name] for name in names if headers.get(name)), "")


def at(payload: Any, *names: str) -> Any:
    """Return what is found along `names`, or None where the payload has something else."""
    for name in names:
        payload = payload.get(name) if isinstance(payload, dict) else None
    return payload


def text_at(payload: Any, *names: str) -> str:
    """Return a text that can be stored, or a number as one; "" for anything else."""
    found = at(payload, *names)
    if isinstance(found, bool) or not isinstance(found, str | int):
        return ""
    return storable(str(found))


def list_at(payload: Any, *names: str) -> list[Any]:
    found = at(payload, *names)
    return found if isinstance(found, list) else []


def numbers_of(*found: Any) -> tuple[int, ...]:
    """Return those of `found` that can be numbers of pull requests, each once."""
    good = [
        one
        for one in found
        if isinstance(one, int)
        and not isinstance(one, bool)
        and 0 < one <= BigIntegerField.MAX_BIGINT
    ]
    return tuple(dict.fromkeys(good))[:MOST_NUMBERS]


def texts_of(*found: str) -> tuple[str, ...]:
    """Return what is not empty, each once."""
    return tuple(dict.fromkeys(filter(None, found)))


def pushed_commits(event: str, payload: Payload) -> tuple[str, ...]:
    """Return the heads before and after a push; nothing for other events."""
    if event != "push":
        return ()
    return text_at(payload, "before"), text_at(payload, "after")


def pushed_branch(event: str, payload: Payload) -> str:
    """Return the branch of a push; "" for tags and other events."""
    ref = text_at(payload, "ref") if event == "push" else ""
    return ref.removeprefix("refs/heads/") if ref.startswith("refs/heads/") else ""
