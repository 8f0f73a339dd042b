"""What requirements look at when somebody approves an APV. Plain values, without the database."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any


class Tie(StrEnum):
    """How a person is tied to an APV."""

    SUBMITTER = "submitter"
    """They added it."""
    OWNER = "owner"
    """They answer for the account that added it, and can act as it."""
    AUTHOR = "author"
    """They opened its pull request."""
    ESCALATOR = "escalator"
    """They escalated it."""


@dataclass(frozen=True)
class Approver:
    """A person who approves an APV, or could, as they are then."""

    pk: int
    groups: frozenset[str] = frozenset()
    ties: frozenset[Tie] = frozenset()

    def as_json(self) -> dict[str, Any]:
        return {"groups": sorted(self.groups), "ties": sorted(self.ties)}

    @classmethod
    def read(cls, pk: int, kept: Mapping[str, Any]) -> "Approver":
        """Return a person as a decision kept them."""
        ties = frozenset(Tie(one) for one in kept.get("ties", ()))
        return cls(pk, frozenset(kept.get("groups", ())), ties)


@dataclass(frozen=True)
class Case:
    """An APV, the approvals of its round, and the person who approves next, if it is known who.

    Without a `justification`, it is not written yet.
    """

    checks_passed: bool
    wargame_verdict: str | None
    approvals: tuple[Approver, ...] = ()
    approver: Approver | None = None
    justification: str | None = None

    def approved(self) -> "Case":
        """Return the case in which the approver has approved."""
        if self.approver is None:
            return self
        return replace(self, approvals=(*self.approvals, self.approver))
