"""Parameters about who works on an APV, and how far its approvals are.

Some of their values mean whoever asks: `Filter.of` says who that is.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Self

from django.core.exceptions import ObjectDoesNotExist
from django.db.models import Exists, F, OuterRef, Q

from reviews.filters.kinds import Choice, Columns, any_of
from reviews.filters.person import NoPerson, Person
from reviews.models import Comment

if TYPE_CHECKING:
    from reviews.models import APV

ME, MY_GROUPS = "me", "groups"


@dataclass(frozen=True)
class Personal(Choice):
    """A choice with words that mean whoever asks."""

    person: Person | None = None
    PERSONAL = frozenset([ME, MY_GROUPS])

    def personal(self, values: Iterable[str]) -> list[str]:
        return [one for one in values if one in self.PERSONAL]

    def of(self, person: Person) -> Self:
        return replace(self, person=person)

    @property
    def asker(self) -> Person:
        """Return who asks. Raise NoPerson."""
        if self.person is None:
            raise NoPerson(self.name)
        return self.person


@dataclass(frozen=True)
class Claimed(Personal):
    """Who has an APV now: the fact is the id of the user, None if nobody has it."""

    def q(self, values: Sequence[str], at: Columns, now: datetime) -> Q:
        return any_of(self._one(value, at, now) for value in values)

    def _one(self, value: str, at: Columns, now: datetime) -> Q:
        current = Q(**{f"{at('claim__expires_at')}__gt": now})
        if value == "free":
            ended = Q(**{f"{at('claim__expires_at')}__lte": now})
            return ended | Q(**{at("claim__expires_at"): None})
        return current & Q(**{at("claim__user"): self.asker.user}) if value == ME else current

    def fact(self, apv: "APV", now: datetime) -> int | None:
        claim = related(apv, "claim")
        return claim.user_id if claim and claim.expires_at > now else None

    def holds(self, values: Sequence[str], fact: Any) -> bool:
        means: dict[str, Callable[[], bool]] = {
            "free": lambda: fact is None,
            "anybody": lambda: fact is not None,
            ME: lambda: fact is not None and fact == self.asker.user,
        }
        return any(means[value]() for value in values)


@dataclass(frozen=True)
class Assigned(Personal):
    """Whom an APV is assigned to: the fact has the id of a user or of a group, None if nobody."""

    def q(self, values: Sequence[str], at: Columns, now: datetime) -> Q:
        return any_of(self._one(value, at) for value in values)

    def _one(self, value: str, at: Columns) -> Q:
        if value == ME:
            return Q(**{f"{at('assignment__user')}__in": [self.asker.user]})
        if value == MY_GROUPS:
            return Q(**{f"{at('assignment__group')}__in": sorted(self.asker.groups)})
        return Q(**{f"{at('assignment__assigned_at')}__isnull": value == "nobody"})

    def fact(self, apv: "APV", now: datetime) -> dict[str, int | None] | None:
        found = related(apv, "assignment")
        return {"user": found.user_id, "group": found.group_id} if found else None

    def holds(self, values: Sequence[str], fact: Any) -> bool:
        to = fact or {"user": None, "group": None}
        means: dict[str, Callable[[], bool]] = {
            "nobody": lambda: fact is None,
            "anybody": lambda: fact is not None,
            ME: lambda: to["user"] is not None and to["user"] == self.asker.user,
            MY_GROUPS: lambda: to["group"] in self.asker.groups,
        }
        return any(means[value]() for value in values)


@dataclass(frozen=True)
class Approvals(Choice):
    """How many approvals an APV has on its current revision, of those that policies asked for."""

    def q(self, values: Sequence[str], at: Columns, now: datetime) -> Q:
        some = Q(**{f"{at('approvals')}__gt": 0})
        means = {
            "none": Q(**{at("approvals"): 0}),
            "some": some,
            "last": some & Q(**{f"{at('approvals_needed')}__lte": F(at("approvals")) + 1}),
        }
        return any_of(means[value] for value in values)

    def fact(self, apv: "APV", now: datetime) -> list[int]:
        return [apv.approvals, apv.approvals_needed]

    def holds(self, values: Sequence[str], fact: Any) -> bool:
        given, needed = fact or (0, 0)
        means = {"none": given == 0, "some": given > 0, "last": given > 0 and needed <= given + 1}
        return any(means[value] for value in values)


@dataclass(frozen=True)
class Commented(Choice):
    """Whether an APV has a comment that was not deleted: yes or no."""

    def q(self, values: Sequence[str], at: Columns, now: datetime) -> Q:
        there = Comment.objects.filter(apv=OuterRef(at("pk")), deleted_at=None)
        means = {"yes": Exists(there), "no": ~Exists(there)}
        return any_of(Q(means[value]) for value in values)

    def fact(self, apv: "APV", now: datetime) -> str:
        return self.fact_if(Comment.objects.filter(apv=apv.pk, deleted_at=None).exists())

    @staticmethod
    def fact_if(there: bool) -> str:
        """Return the fact of an APV of which it is known whether there are comments."""
        return "yes" if there else "no"


def related(apv: "APV", name: str) -> Any:
    """Return the row of another table that belongs to an APV, None if there is none."""
    try:
        return getattr(apv, name)
    except ObjectDoesNotExist:
        return None
