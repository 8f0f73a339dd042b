"""Open access, for development: without credentials, everybody acts as the demo reviewer."""

from collections.abc import Collection
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model

from accounts.credentials.kinds import NONE_GOOD, CredentialKind, Opened
from realtime.access import InvalidToken, Proof

NAME = "open_access"
DEMO_REVIEWER = "reviewer"
"""The user as whom HITL_OPEN_ACCESS lets clients without credentials act."""


def proof_of(user: Any) -> Proof:
    """Return the proof of a user who needed no credentials."""
    return Proof(NAME, user.pk, shared=True)


def open_access_user() -> Any:
    """Return the demo reviewer if HITL_OPEN_ACCESS is on and that user exists, else None."""
    if not settings.HITL_OPEN_ACCESS:
        return None
    return get_user_model().objects.filter(username=DEMO_REVIEWER, is_active=True).first()


def _open(secret: str) -> Opened:
    if user := open_access_user():
        return user, proof_of(user)
    raise InvalidToken(NONE_GOOD)


def _renewed(proofs: Collection[Proof]) -> dict[Proof, Proof]:
    return {one: one for one in proofs}


def _proofs(secrets: Collection[str]) -> dict[str, Proof]:
    """Return the proof of open access, which has no secret."""
    user = open_access_user()
    return {"": proof_of(user)} if user else {}


KIND = CredentialKind(NAME, _open, _proofs, _renewed)
