"""The chain of MACs that detects changes to the audit.

Each entry carries a MAC over itself and the MAC of the previous entry, under a key that is not in
the database.
"""

import json
from dataclasses import dataclass
from functools import cache

from django.conf import settings
from django.utils.crypto import constant_time_compare, salted_hmac

from audit.models import Entry
from realtime.messages import wire_time

SIGNED = (
    *("sequence", "at", "user_id", "actor", "source", "action", "object", "details"),
    *("address", "request_id", "key"),
)
"""The fields that a MAC covers, in this order."""
NO_MAC = "0" * 64
"""What the first entry follows."""


def mac(entry: Entry, key: str) -> str:
    """Return the HMAC-SHA256, in hex, of the previous MAC and the entry as JSON."""
    values = [getattr(entry, name) for name in SIGNED]
    values[SIGNED.index("at")] = wire_time(entry.at)
    text = entry.previous + json.dumps(values, ensure_ascii=False, separators=(",", ":"))
    return salted_hmac("reviews.audit", text, secret=key, algorithm="sha256").hexdigest()


@cache
def key_id(key: str) -> str:
    """Return the name under which entries record their key. It reveals nothing of the key."""
    digest = salted_hmac("reviews.audit.key", "", secret=key, algorithm="sha256").hexdigest()
    return digest[:16]


def key_named(name: str) -> str | None:
    """Return the key with this id, or None if it is not in the settings."""
    return next((one for one in settings.HITL_AUDIT_KEYS if key_id(one) == name), None)


@dataclass(frozen=True)
class ChainHead:
    """The last entry of a chain, written as `sequence:mac`."""

    sequence: int
    mac: str

    @classmethod
    def parse(cls, text: str) -> "ChainHead":
        """Return the head in `text`. Raise ValueError if it holds none."""
        sequence, _, digest = text.partition(":")
        if len(digest) != len(NO_MAC):
            raise ValueError(text)
        return cls(int(sequence), digest)

    def __str__(self) -> str:
        return f"{self.sequence}:{self.mac}"


EMPTY = ChainHead(0, NO_MAC)


class BrokenChain(Exception):
    """The first entry that differs from what was written, and the reason found."""


def check(entry: Entry, last: ChainHead) -> None:
    """Raise BrokenChain unless `entry` is as it was written, and follows `last`."""
    if entry.sequence != last.sequence + 1:
        raise BrokenChain(removed(last.sequence + 1, entry.sequence - 1))
    check_signature(entry)
    if entry.previous != last.mac:
        raise BrokenChain(f"Entry {entry.sequence} does not follow the one before: reordered.")


def check_signature(entry: Entry) -> None:
    """Raise BrokenChain unless `entry` is as it was written, wherever it stands."""
    key = key_named(entry.key)
    if key is None:
        raise BrokenChain(
            f"Entry {entry.sequence} was signed with the key {entry.key}, "
            "which is not in HITL_AUDIT_KEYS, or it was edited."
        )
    if not constant_time_compare(mac(entry, key), entry.mac):
        raise BrokenChain(f"Entry {entry.sequence} was edited, or another was put in its place.")


def removed(first: int, last: int) -> str:
    """Return the sentence that says which entries are missing."""
    if first == last:
        return f"Entry {first} was removed."
    return f"Entries {first} to {last} were removed."


def another(noted: ChainHead) -> str:
    """Return the sentence that says that a head was once another one."""
    return f"Entry {noted.sequence} is not the one that was the head once."
