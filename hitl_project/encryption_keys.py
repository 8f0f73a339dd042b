"""The keys that the credentials of forges are encrypted with."""

import base64
import hashlib

from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured


def derived_key(secret_key: str) -> str:
    """Return the Fernet key of an installation that has none of its own."""
    digest = hashlib.sha256(f"encryption {secret_key}".encode()).digest()
    return base64.urlsafe_b64encode(digest).decode()


def check_keys(keys: list[str]) -> None:
    """Raise ImproperlyConfigured if one of `keys` is no Fernet key; the key itself is not shown."""
    if not keys:
        raise ImproperlyConfigured("HITL_ENCRYPTION_KEYS must hold at least one key")
    for number, key in enumerate(keys, 1):
        try:
            Fernet(key)
        except ValueError:
            raise ImproperlyConfigured(
                "HITL_ENCRYPTION_KEYS must hold Fernet keys (32 bytes in URL-safe base64), "
                f"separated by commas; the one at place {number} is none"
            ) from None
