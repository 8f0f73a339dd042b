"""What a kind of credential must be able to do; each kind stands in a file of its own."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from realtime.access import Proof

Opened = tuple[Any, Proof]
"""A user, and the proof that they showed."""


@dataclass(frozen=True)
class CredentialKind:
    """A way to show who one is.

    `renewed` returns those proofs of this kind that were not revoked, each with when it expires by
    now, in a constant number of queries. A kind that is shown as a token says by `is_token` which
    texts look like one of it, and opens one by `open`, which raises InvalidToken.
    """

    name: str
    renewed: Callable[[Collection[Proof]], dict[Proof, Proof]]
    is_token: Callable[[str], bool] | None = None
    open: Callable[[str], Opened] | None = None


def renewed_by(
    rows: QuerySet[Any], column: str
) -> Callable[[Collection[Proof]], dict[Proof, Proof]]:
    """Return a `renewed` for proofs whose key is that of a row, which expires as `column` says."""

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
