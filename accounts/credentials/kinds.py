"""The interface of a kind of credential. Each kind has a file of its own."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, NamedTuple

from django.db.models import QuerySet

from realtime.access import InvalidToken, Proof

Opened = tuple[Any, Proof]
"""A user, and the proof that they showed."""


class Shown(NamedTuple):
    """A credential as a client showed it, not checked yet: its kind, and the secret itself."""

    kind: str
    secret: str


NONE_GOOD = "There are no good credentials."


class UnknownToken(InvalidToken):
    """A token that opens nothing; the message does not say why."""

    def __init__(self) -> None:
        super().__init__("The token is unknown, expired or revoked.")


@dataclass(frozen=True)
class CredentialKind:
    """A kind of credential.

    `open` returns the user of a secret and the proof, or raises InvalidToken. `proofs` returns what
    those of many secrets that are known prove, and `renewed` returns the proofs of this kind that
    were not revoked, each with its current expiry. Both take a constant number of queries. A kind
    whose credentials are tokens also has `is_token`, which says whether a text looks like one.
    """

    name: str
    open: Callable[[str], Opened]
    proofs: Callable[[Collection[str]], dict[str, Proof]]
    renewed: Callable[[Collection[Proof]], dict[Proof, Proof]]
    is_token: Callable[[str], bool] | None = None


def renewed_by(
    rows: QuerySet[Any], column: str
) -> Callable[[Collection[Proof]], dict[Proof, Proof]]:
    """Return a `renewed` for proofs whose key is that of a row; `column` has the row's expiry."""

    def renewed(proofs: Collection[Proof]) -> dict[Proof, Proof]:
        found = rows.filter(pk__in=[one.key for one in proofs]).values_list("pk", column)
        expiries = {str(key): seconds(moment) for key, moment in found}
        return {
            one: replace(one, expires_at=expiries[one.key]) for one in proofs if one.key in expiries
        }

    return renewed


def seconds(moment: datetime | None) -> float | None:
    """Return a moment in Unix seconds."""
    return None if moment is None else moment.timestamp()
