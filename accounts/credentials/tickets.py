"""Tickets: credentials in the socket's address, for clients such as pages that cannot send headers.

Addresses end up in logs and histories, so a credential there must become worthless at once: a
ticket opens one socket, within seconds, and is then used up.
"""

import hashlib
import json
import secrets
from dataclasses import asdict
from datetime import timedelta

from django.db import connection
from django.utils import timezone

from accounts.models import Ticket, forget_expired
from realtime.access import InvalidToken, Proof

TICKET_SECONDS = 30


def issue(proof: Proof) -> str:
    """Make a ticket for the user who showed `proof`. The socket that it opens depends on that
    proof.
    """
    forget_expired(Ticket)
    secret = secrets.token_urlsafe(32)
    Ticket.objects.create(
        digest=_digest(secret),
        proof=asdict(proof),
        expires_at=timezone.now() + timedelta(seconds=TICKET_SECONDS),
    )
    return secret


def redeem(secret: str) -> Proof:
    """Use a ticket up and return the proof it was made for. Raise InvalidToken if it is not valid.

    One statement deletes the row and reads it, so of many concurrent uses one succeeds.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM accounts_ticket WHERE digest = %s AND expires_at > %s RETURNING proof",
            [_digest(secret), timezone.now()],
        )
        row = cursor.fetchone()
    if row is None:
        raise InvalidToken("The ticket is unknown, expired or used.")
    return Proof(**json.loads(row[0]))


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
