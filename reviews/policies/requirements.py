"""The requirements that a policy can have, each declared once.

A requirement says what its value may be, how it is checked, and what it tells people. A new one is
a class here: models, forms, REST and documents read it from `KINDS`.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import permutations
from typing import Annotated, Any, ClassVar, Literal

from django.utils.text import get_text_list
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy
from pydantic import Field, StringConstraints, TypeAdapter

from reviews.choices import WargameVerdict
from reviews.policies.case import Approver, Case, Tie

MOST_APPROVALS, MOST_GROUPS, MOST_WORDS = 10, 5, 500
GroupName = Annotated[str, StringConstraints(min_length=1, max_length=150)]
Count = Annotated[int, Field(ge=1, le=MOST_APPROVALS, strict=True)]


class Scope(StrEnum):
    """What a requirement is about, and so what follows if it is not met."""

    PERSON = "person"
    """This person's approval is refused."""
    APV = "apv"
    """Every approval is refused until the APV changes."""
    JUSTIFICATION = "justification"
    """The approval is refused with this justification."""
    ROUND = "round"
    """The approval counts, and waits for others."""


@dataclass(frozen=True)
class Finding:
    """Whether a requirement is met, in words, and who could meet it if it is not."""

    met: bool
    words: str
    who: str = ""


@dataclass(frozen=True)
class Requirement(ABC):
    """A requirement with its value, as a policy has it."""

    value: Any

    name: ClassVar[str]
    label: ClassVar[Any]
    help: ClassVar[Any]
    example: ClassVar[Any]
    scope: ClassVar[Scope]
    schema: ClassVar[TypeAdapter[Any]]

    @abstractmethod
    def check(self, case: Case) -> Finding:
        """Return whether it is met in a case."""

    def implies(self, other: "Requirement") -> bool:
        """Return whether another one of this kind is met wherever this one is."""
        return bool(self.value == other.value)

    @property
    def groups(self) -> Sequence[str]:
        """Return the groups that it names."""
        return ()


# -- How many approve, and from where ---------------------------------------------------------


class OfRound(Requirement):
    """A requirement that several approvals meet together."""

    scope = Scope.ROUND

    @abstractmethod
    def missing(self, approvals: Sequence[Approver]) -> int:
        """Return how many approvals are missing at least."""


class Approvals(OfRound):
    name = "approvals"
    label = gettext_lazy("Number of approvals")
    help = gettext_lazy("How many people must approve the same revision, from 1 to 10.")
    example = 2
    schema = TypeAdapter(Count)

    def missing(self, approvals: Sequence[Approver]) -> int:
        return max(0, int(self.value) - len(approvals))

    def check(self, case: Case) -> Finding:
        count, wanted = len(case.approvals), int(self.value)
        message = ngettext("{count} of {wanted} approval", "{count} of {wanted} approvals", wanted)
        words = message.format(count=count, wanted=wanted)
        if count >= wanted:
            return Finding(True, words)
        return Finding(False, words, _("somebody who may decide and has not approved yet"))

    def implies(self, other: Requirement) -> bool:
        return bool(self.value >= other.value)


class FromGroups(OfRound):
    name = "from_groups"
    label = gettext_lazy("Approvals from a group")
    help = gettext_lazy("For each group, how many of its members must approve.")
    example = {"security": 1}
    schema = TypeAdapter(
        Annotated[dict[GroupName, Count], Field(min_length=1, max_length=MOST_GROUPS)]
    )

    @property
    def groups(self) -> Sequence[str]:
        return sorted(self.value)

    def missing(self, approvals: Sequence[Approver]) -> int:
        return max(count for _group, count in self._lacking(approvals))

    def _lacking(self, approvals: Sequence[Approver]) -> list[tuple[str, int]]:
        return [
            (group, max(0, wanted - sum(group in one.groups for one in approvals)))
            for group, wanted in sorted(self.value.items())
        ]

    def check(self, case: Case) -> Finding:
        lacking = [group for group, count in self._lacking(case.approvals) if count]
        parts = [
            _("{count} of {wanted} from {group}").format(
                count=sum(group in one.groups for one in case.approvals),
                wanted=wanted,
                group=group,
            )
            for group, wanted in sorted(self.value.items())
        ]
        return Finding(not lacking, _listed(parts, _("and")), _members(lacking))

    def implies(self, other: Requirement) -> bool:
        return all(self.value.get(group, 0) >= count for group, count in other.value.items())


class FromDifferentGroups(OfRound):
    name = "from_different_groups"
    label = gettext_lazy("Approvals from different groups")
    help = gettext_lazy("Somebody of each group must approve, each another person.")
    example = ["backend", "security"]
    schema = TypeAdapter(Annotated[list[GroupName], Field(min_length=2, max_length=MOST_GROUPS)])

    @property
    def groups(self) -> Sequence[str]:
        return sorted(self.value)

    def missing(self, approvals: Sequence[Approver]) -> int:
        return len(self.value) - len(self._covered(approvals))

    def _covered(self, approvals: Sequence[Approver]) -> tuple[str, ...]:
        """Return the most groups for each of which another person has approved."""
        for count in range(min(len(self.value), len(approvals)), 0, -1):
            for chosen in permutations(self.groups, count):
                if _stand_for(list(chosen), list(approvals)):
                    return chosen
        return ()

    def check(self, case: Case) -> Finding:
        covered = self._covered(case.approvals)
        lacking = [group for group in self.groups if group not in covered]
        message = _("{count} of {wanted}, each from another group: {groups}")
        words = message.format(
            count=len(covered), wanted=len(self.value), groups=_listed(self.groups, _("and"))
        )
        return Finding(not lacking, words, _members(lacking))

    def implies(self, other: Requirement) -> bool:
        return set(self.value) >= set(other.value)


def _stand_for(groups: list[str], people: list[Approver]) -> bool:
    """Return whether each of `groups` can have another one of `people`."""
    if not groups:
        return True
    first, *others = groups
    return any(
        first in one.groups and _stand_for(others, [other for other in people if other is not one])
        for one in people
    )


def _members(groups: Sequence[str]) -> str:
    if not groups:
        return ""
    named = _listed(groups, _("or"))
    return _("somebody of {groups} who may decide and has not approved yet").format(groups=named)


def _listed(texts: Sequence[str], last: str) -> str:
    return get_text_list([str(one) for one in texts], last)


# -- Who approves -----------------------------------------------------------------------------


class NotBy(Requirement):
    """A requirement that the person who approves is not tied to the APV in some way."""

    scope = Scope.PERSON
    example = True
    schema = TypeAdapter(Literal[True])
    ties: ClassVar[Mapping[Tie, Any]]
    words: ClassVar[Any]

    def check(self, case: Case) -> Finding:
        held = case.approver.ties if case.approver else frozenset()
        reason = next((said for tie, said in self.ties.items() if tie in held), None)
        if reason is None:
            return Finding(True, str(self.words))
        return Finding(False, str(reason), _("anybody else who may decide"))


class NotBySubmitter(NotBy):
    name = "not_by_submitter"
    label = gettext_lazy("Not by who added it")
    help = gettext_lazy(
        "Neither who added the APV, nor who owns the account that did, may approve it."
    )
    words = gettext_lazy("not by who added it, or who owns the account that did")
    ties = {
        Tie.SUBMITTER: gettext_lazy("you added it"),
        Tie.OWNER: gettext_lazy("you own the account that added it"),
    }


class NotByAuthor(NotBy):
    name = "not_by_author"
    label = gettext_lazy("Not by the author of the pull request")
    help = gettext_lazy(
        "The user whose account of the forge opened the pull request may not approve it."
    )
    words = gettext_lazy("not by who opened the pull request")
    ties = {Tie.AUTHOR: gettext_lazy("you opened its pull request")}


class NotByEscalator(NotBy):
    name = "not_by_escalator"
    label = gettext_lazy("Not by who escalated it")
    help = gettext_lazy("Who escalated the APV may not approve it.")
    words = gettext_lazy("not by who escalated it")
    ties = {Tie.ESCALATOR: gettext_lazy("you escalated it")}


# -- What the APV is, and what is written -----------------------------------------------------


class ChecksPassed(Requirement):
    name = "checks_passed"
    label = gettext_lazy("Checks passed")
    help = gettext_lazy("The checks of the head commit, or the pipeline's validation, passed.")
    example = True
    scope = Scope.APV
    schema = TypeAdapter(Literal[True])

    def check(self, case: Case) -> Finding:
        if case.checks_passed:
            return Finding(True, _("the checks passed"))
        who = _("the forge or the pipeline that runs the checks")
        return Finding(False, _("the checks have not passed"), who)


class Verdict(Requirement):
    name = "wargame_verdict"
    label = gettext_lazy("Verdict of the wargame")
    help = gettext_lazy("The verdicts with which an APV may be approved.")
    example = [WargameVerdict.SUCCESS.value]
    scope = Scope.APV
    schema = TypeAdapter(
        Annotated[
            list[Literal["success", "partial", "failure", "inconclusive"]], Field(min_length=1)
        ]
    )

    def check(self, case: Case) -> Finding:
        said = case.wargame_verdict
        shown = WargameVerdict(said).label if said else pgettext_lazy("wargame", "not run")
        wanted = _listed([str(WargameVerdict(one).label) for one in self.value], _("or"))
        words = _("the wargame must be {wanted}, and is {shown}")
        if said in self.value:
            return Finding(True, _("the wargame is {shown}").format(shown=shown))
        return Finding(
            False, words.format(wanted=wanted, shown=shown), _("the pipeline that runs wargames")
        )

    def implies(self, other: Requirement) -> bool:
        return set(self.value) <= set(other.value)


class JustificationWords(Requirement):
    name = "justification_words"
    label = gettext_lazy("Words of the justification")
    help = gettext_lazy("How many words the justification of an approval has at least.")
    example = 12
    scope = Scope.JUSTIFICATION
    schema = TypeAdapter(Annotated[int, Field(ge=1, le=MOST_WORDS, strict=True)])

    def check(self, case: Case) -> Finding:
        wanted = int(self.value)
        words = ngettext(
            "a justification of at least {wanted} word",
            "a justification of at least {wanted} words",
            wanted,
        ).format(wanted=wanted)
        if case.justification is None:
            return Finding(True, words)
        count = len(case.justification.split())
        if count >= wanted:
            return Finding(True, words)
        return Finding(
            False,
            _("{words}, and yours has {count}").format(words=words, count=count),
            _("you, with a longer justification"),
        )

    def implies(self, other: Requirement) -> bool:
        return bool(self.value >= other.value)


KINDS: dict[str, type[Requirement]] = {
    kind.name: kind
    for kind in (
        *(Approvals, FromGroups, FromDifferentGroups),
        *(NotBySubmitter, NotByAuthor, NotByEscalator),
        *(ChecksPassed, Verdict, JustificationWords),
    )
}
"""The kinds of requirements by name, in the order in which they are shown."""
