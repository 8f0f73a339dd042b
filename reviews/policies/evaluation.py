"""Evaluate what policies ask for: which requirements are met, and whether an approval counts.

Several policies add up. Where one asks for what another one asks for already, the stricter one
stays; of equals, the one of the first policy.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from reviews.models import PolicyVersion
from reviews.policies.case import Case
from reviews.policies.requirements import Finding, OfRound, Requirement, Scope
from reviews.policies.schema import requirements_of


@dataclass(frozen=True)
class Rule:
    """A requirement, and the name of the policy that it comes from."""

    requirement: Requirement
    policy: str


@dataclass(frozen=True)
class Assessed:
    """What was found of a rule in a case."""

    rule: Rule
    finding: Finding

    @property
    def scope(self) -> Scope:
        return self.rule.requirement.scope

    @property
    def words(self) -> str:
        """Return what is asked for or missing, and which policy asks."""
        return f"{self.rule.policy}: {self.finding.words}"


@dataclass(frozen=True)
class Evaluation:
    """What policies ask for in a case."""

    case: Case
    rules: Sequence[Rule]

    @cached_property
    def assessed(self) -> list[Assessed]:
        return [Assessed(rule, rule.requirement.check(self.case)) for rule in self.rules]

    def unmet(self, *scopes: Scope) -> list[Assessed]:
        """Return what is not met, of these scopes."""
        return [one for one in self.assessed if one.scope in scopes and not one.finding.met]

    @property
    def refuses(self) -> bool:
        """Return whether the approval is refused, rather than counted."""
        return bool(self.unmet(Scope.PERSON, Scope.APV, Scope.JUSTIFICATION))

    @property
    def is_complete(self) -> bool:
        """Return whether the approvals of the case are all that is needed."""
        return self.missing == 0 and not self.refuses

    @property
    def missing(self) -> int:
        """Return how many more approvals are needed at least; one is, whatever policies say."""
        approvals = self.case.approvals
        asked = (rule.requirement for rule in self.rules)
        counts = [one.missing(approvals) for one in asked if isinstance(one, OfRound)]
        return max([0 if approvals else 1, *counts])

    @property
    def approvals(self) -> int:
        return len(self.case.approvals)

    @property
    def needed(self) -> int:
        """Return how many approvals there will be at least when all are there."""
        return self.approvals + self.missing

    def after_approval(self) -> "Evaluation":
        """Return what is true once the case's approver has approved."""
        return Evaluation(self.case.approved(), self.rules)


def rules_of(versions: Iterable[PolicyVersion]) -> list[Rule]:
    """Return the rules of versions in their order, without those that another one implies."""
    every = [
        Rule(one, version.policy.name)
        for version in versions
        for one in requirements_of(version.requirements)
    ]
    return [rule for place, rule in enumerate(every) if not _is_implied(place, every)]


def _is_implied(place: int, rules: Sequence[Rule]) -> bool:
    """Return whether another rule is stricter, or as strict and before it."""
    one = rules[place].requirement
    for at, rule in enumerate(rules):
        other = rule.requirement
        if at == place or type(other) is not type(one) or not other.implies(one):
            continue
        if at < place or not one.implies(other):
            return True
    return False
