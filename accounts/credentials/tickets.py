"""Tickets: credentials in the socket's address, for clients such as pages that cannot send headers.

Addresses end up in logs and histories, so a credential there must become worthless at once: a
ticket opens one socket, within seconds, and is then used up.
"""

import hashlib
import json
import secrets
from collections.abc import Collection
from dataclasses import asdict
from datetime import timedelta

from django.db import connection

from accounts.models import Ticket, forget_expired
from realtime import clock
from realtime.access import Proof

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
        expires_at=clock.now() + timedelta(seconds=TICKET_SECONDS),
    )
    return secret


def redeem(secrets: Collection[str]) -> dict[str, Proof]:
    """Use tickets up, and return the proofs that those which are valid were made for.

    One statement deletes the rows and reads them, so of many concurrent uses one succeeds.
    """
    given = {_digest(secret): secret for secret in secrets}
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM accounts_ticket WHERE digest = ANY(%s) AND expires_at > %s"
            " RETURNING digest, proof",
            [list(given), clock.now()],
        )
        rows = cursor.fetchall()
    return {given[digest]: Proof(**json.loads(proof)) for digest, proof in rows}


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
