"""Who asks for a filter: "me" and "my groups" mean nothing without a person."""

from dataclasses import dataclass
from typing import Any, Self


@dataclass(frozen=True)
class Person:
    """A user by id, with the ids of their groups; without an id, one who has nothing."""

    user: int | None = None
    groups: frozenset[int] = frozenset()

    @classmethod
    def of(cls, user: Any) -> Self:
        if user is None or user.pk is None:
            return cls()
        return cls(user.pk, frozenset(user.groups.values_list("pk", flat=True)))


class NoPerson(LookupError):
    """A filter says "me", and nobody asks."""
