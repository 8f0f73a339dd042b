"""Values that are encrypted in the database, under HITL_ENCRYPTION_KEYS.

No field decrypts by itself: its value would end in a log, a repr or an audit entry.
"""

import json
from functools import lru_cache
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings

NO_KEY = "None of HITL_ENCRYPTION_KEYS encrypted it: add the key that did, or enter it anew."


class CannotDecrypt(Exception):
    """None of the keys in HITL_ENCRYPTION_KEYS encrypted the value."""


def encrypted(value: Any) -> bytes:
    """Encrypt a JSON value under the first key."""
    return _keys(tuple(settings.HITL_ENCRYPTION_KEYS)).encrypt(json.dumps(value).encode())


def decrypted(token: bytes) -> Any:
    """Return the JSON value in `token`. Raise CannotDecrypt."""
    try:
        plain = _keys(tuple(settings.HITL_ENCRYPTION_KEYS)).decrypt(token)
    except InvalidToken:
        raise CannotDecrypt(NO_KEY) from None
    return json.loads(plain)


def rotated(token: bytes) -> bytes:
    """Encrypt what `token` holds under the first key, and keep its time. Raise CannotDecrypt."""
    try:
        return _keys(tuple(settings.HITL_ENCRYPTION_KEYS)).rotate(token)
    except InvalidToken:
        raise CannotDecrypt(NO_KEY) from None


@lru_cache(maxsize=4)
def _keys(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(key) for key in keys])
